/**
 * The imports of the contract (`tailor:bff/...`) in a bundle. Those of the kit's own modules are
 * the host's functions, or in tests their doubles. Those of a BFF go through `src/contract`, which
 * looks at what is passed. Names of earlier patches stand for the kit's own: a patch only adds
 * functions.
 */
import { fileURLToPath } from "node:url";

const CURRENT = "0.1.1";
const EARLIER = ["0.1.0"];
const KIT = fileURLToPath(new URL("../src/", import.meta.url));
const DOUBLES = fileURLToPath(new URL("../testing/world/", import.meta.url));
/** The interfaces that have functions; what has types only is not there in JavaScript. */
const CHECKED = ["downstream", "locale", "runtime"];

/**
 * For esbuild's `plugins`.
 *
 * @param {{ doubles: boolean }} options whether the host is that of a test
 * @returns {import("esbuild").Plugin}
 */
export function contract({ doubles }) {
  return {
    name: "contract",
    setup(build) {
      build.onResolve({ filter: /^tailor:bff\// }, ({ path, importer }) => {
        const [, name = "", patch = ""] = /^tailor:bff\/([^@]*)@(.*)$/.exec(path) ?? [];
        if (!CHECKED.includes(name) || (patch !== CURRENT && !EARLIER.includes(patch))) return { path, external: true };
        if (!importer.startsWith(KIT)) return { path: `${KIT}contract/${name}.ts` };
        return doubles ? { path: `${DOUBLES}${name}.ts` } : { path: `tailor:bff/${name}@${CURRENT}`, external: true };
      });
    },
  };
}

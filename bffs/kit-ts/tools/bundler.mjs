/**
 * Makes the one ES module of a BFF that the engine takes, with a table of its lines at the end, so
 * that a stack in the log names the developer's files and lines (see src/stack.ts). Nothing is
 * minified: a position that is not in the table is still readable.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, relative, resolve } from "node:path";
import { withAuthorsLines } from "./authors.mjs";
import { contract } from "./contract.mjs";
import { lineTable } from "./lines.mjs";
import { prelude } from "./prelude.mjs";
import { fitting, resolution } from "./resolve.mjs";

// The kit is linked into node_modules and has no dependencies of its own: esbuild is the BFF's.
/** @type {typeof import("esbuild")} */
const esbuild = createRequire(`${process.cwd()}/`)("esbuild");

/**
 * A bundler of one BFF. `build` writes <bundle>, <bundle>.map and, in <bundle>.meta.json, what it
 * read; it gives whether it could, and the messages to print. What has not changed since the build
 * before is not read again.
 *
 * @param {string} entry
 * @param {string} bundle
 * @param {boolean} color
 */
export async function bundler(entry, bundle, color) {
  const begin = `${bundle}.begin.mjs`;
  /** @type {import("esbuild").BuildOptions} */
  const options = {
    entryPoints: [entry],
    outfile: bundle,
    bundle: true,
    format: "esm",
    ...resolution,
    target: "es2023",
    external: ["tailor:*"],
    plugins: [contract({ doubles: false })],
    metafile: true,
    logLevel: "silent",
  };
  const plain = await esbuild.context({ ...options, write: false });
  // The host's clock and chance in place of the engine's, before any other module.
  const whole = await esbuild.context({ ...options, inject: [begin], sourcemap: "external", sourcesContent: false });

  let begun = "";

  /** @returns {Promise<{ ok: boolean, printed: string }>} */
  async function build() {
    let printed = "";
    /** @param {import("esbuild").Message[]} messages @param {"error" | "warning"} kind */
    const print = (messages, kind) => {
      printed += esbuild.formatMessagesSync(messages.map(fitting), { kind, color }).join("");
    };
    try {
      // Once without the prelude: which globals it has is decided by what it is for. It rarely changes
      // between two builds, so the whole is bundled beside that with the one of the build before.
      const [without, within] = await Promise.allSettled([plain.rebuild(), begun === "" ? undefined : whole.rebuild()]);
      if (without.status === "rejected") throw without.reason;
      const [{ exports = [] } = {}] = Object.values(without.value.metafile?.outputs ?? {});
      const wanted = prelude(without.value.outputFiles?.[0]?.text ?? "", exports.includes("default"));
      let built = wanted === begun && within.status === "fulfilled" ? within.value : undefined;
      if (built === undefined) {
        writeFileSync(begin, wanted);
        begun = wanted;
        built = await whole.rebuild();
      }
      print(built.warnings, "warning");
      const inputs = Object.entries(built.metafile?.inputs ?? {}).filter(([path]) => !path.endsWith(basename(begin)));
      writeFileSync(`${bundle}.meta.json`, JSON.stringify({ inputs: Object.fromEntries(inputs) }));
    } catch (error) {
      const { errors, warnings } = /** @type {Partial<import("esbuild").BuildFailure>} */ (error);
      if (errors === undefined) throw error;
      print(warnings ?? [], "warning");
      print(errors, "error");
      return { ok: false, printed };
    }
    const map = JSON.parse(readFileSync(`${bundle}.map`, "utf8"));
    const folder = dirname(resolve(bundle));
    const files = map.sources.map((/** @type {string} */ source) => relative(process.cwd(), resolve(folder, source)));
    const text = withAuthorsLines(readFileSync(bundle, "utf8"), map.mappings, files);
    const warn = (/** @type {string} */ fault) => {
      printed += `lines of faults are less exact than they could be: the bundle is not understood: ${fault}\n`;
    };
    const table = JSON.stringify({ files, ...lineTable(text, map, warn) });
    writeFileSync(bundle, `${text}globalThis.tailorLines = ${table};\n`);
    return { ok: true, printed };
  }

  const dispose = () => Promise.all([plain.dispose(), whole.dispose()]);
  return { build, dispose };
}

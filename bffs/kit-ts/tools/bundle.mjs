/**
 * Bundles a BFF into the one ES module that the engine takes, with a table of its lines at the end,
 * so that a stack in the log names the developer's files and lines (see src/stack.ts). Run in the
 * BFF's folder:
 *
 *     node node_modules/@tailor/kit/tools/bundle.mjs <entry.ts> <bundle.js>
 *
 * It writes <bundle.js>, <bundle.js>.map and, in <bundle.js>.meta.json, what it read. Nothing is
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

const [entry, bundle] = process.argv.slice(2);
if (entry === undefined || bundle === undefined) {
  process.stderr.write("usage: bundle.mjs <entry.ts> <bundle.js>\n");
  process.exit(2);
}
/** @param {import("esbuild").Message[]} messages @param {"error" | "warning"} kind */
const print = (messages, kind) => {
  const shown = esbuild.formatMessagesSync(messages.map(fitting), { kind, color: process.stderr.isTTY === true });
  process.stderr.write(shown.join(""));
};

const begin = `${bundle}.begin.mjs`;
try {
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
  // Once without the prelude: which globals it has is decided by what it is for.
  const first = await esbuild.build({ ...options, write: false });
  const [{ exports = [] } = {}] = Object.values(first.metafile?.outputs ?? {});
  writeFileSync(begin, prelude(first.outputFiles?.[0]?.text ?? "", exports.includes("default")));
  // The host's clock and chance in place of the engine's, before any other module.
  const built = await esbuild.build({ ...options, inject: [begin], sourcemap: "external", sourcesContent: false });
  print(built.warnings, "warning");
  const inputs = Object.entries(built.metafile?.inputs ?? {}).filter(([path]) => !path.endsWith(basename(begin)));
  writeFileSync(`${bundle}.meta.json`, JSON.stringify({ inputs: Object.fromEntries(inputs) }));
} catch (error) {
  const { errors, warnings } = /** @type {Partial<import("esbuild").BuildFailure>} */ (error);
  if (errors === undefined) throw error;
  print(warnings ?? [], "warning");
  print(errors, "error");
  process.exit(1);
}
const map = JSON.parse(readFileSync(`${bundle}.map`, "utf8"));
const folder = dirname(resolve(bundle));
const files = map.sources.map((/** @type {string} */ source) => relative(process.cwd(), resolve(folder, source)));
const text = withAuthorsLines(readFileSync(bundle, "utf8"), map.mappings, files);
const warn = (/** @type {string} */ fault) => {
  process.stderr.write(`lines of faults are less exact than they could be: the bundle is not understood: ${fault}\n`);
};
const table = JSON.stringify({ files, ...lineTable(text, map, warn) });
writeFileSync(bundle, `${text}globalThis.tailorLines = ${table};\n`);

/**
 * Runs tests written in TypeScript with Node's own runner. Run in the BFF's folder:
 *
 *     node node_modules/@tailor/kit/tools/test.mjs <folder>...
 *
 * Every `*.test.ts` of the folders is bundled, with the imports of the contract (`tailor:bff/...`)
 * replaced by the doubles in `testing/world`, and run, all in one process; what follows `--` goes
 * to Node (`-- --test-name-pattern=cursor`). Stacks name the .ts files.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { contract } from "./contract.mjs";
import { resolution } from "./resolve.mjs";

// The kit is linked into node_modules and has no dependencies of its own: esbuild is the BFF's.
/** @type {typeof import("esbuild")} */
const esbuild = createRequire(`${process.cwd()}/`)("esbuild");

const given = process.argv.slice(2);
const split = given.indexOf("--");
const folders = split < 0 ? given : given.slice(0, split);
const forNode = split < 0 ? [] : given.slice(split + 1);

const tests = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join(folder, name)),
);
if (tests.length === 0) {
  process.stderr.write(`no *.test.ts in ${folders.join(", ")}\n`);
  process.exit(2);
}

const built = mkdtempSync(join(tmpdir(), "tailor-test-"));
try {
  const bundle = join(built, "tests.mjs");
  await esbuild.build({
    stdin: {
      contents: tests.map((path) => `import ${JSON.stringify(resolve(path))};\n`).join(""),
      resolveDir: process.cwd(),
    },
    outfile: bundle,
    bundle: true,
    format: "esm",
    // Of each package the same files as in a component; only tests may ask for what Node has.
    ...resolution,
    external: ["node:*", ...builtinModules],
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [contract({ doubles: true })],
  });
  const run = spawnSync(process.execPath, ["--enable-source-maps", ...forNode, bundle], {
    stdio: "inherit",
    // The time zone of a component.
    env: { ...process.env, TZ: "UTC" },
  });
  process.exitCode = run.status ?? 1;
} catch {
  // esbuild has already said what and where.
  process.exitCode = 1;
} finally {
  rmSync(built, { recursive: true, force: true });
}

/**
 * Answers the requests of files with the BFF of this folder in Node, and prints the answers as a
 * list. Clock and chance are those that a test has, by each request's `now` and
 * `seed`; all other globals are Node's own.
 */
import { readFileSync, rmSync, mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract } from "./node_modules/@tailor/kit/tools/contract.mjs";
import { resolution } from "./node_modules/@tailor/kit/tools/resolve.mjs";

/** @type {typeof import("esbuild")} */
const esbuild = createRequire(import.meta.url)("esbuild");
const folder = mkdtempSync(join(tmpdir(), "tailor-npm-"));
try {
  const bundle = join(folder, "bundle.mjs");
  await esbuild.build({
    stdin: { contents: 'export { answer } from "./answer.ts";', resolveDir: import.meta.dirname },
    outfile: bundle,
    bundle: true,
    format: "esm",
    ...resolution,
    target: "node20",
    external: ["node:*"],
    plugins: [contract({ doubles: true })],
    logLevel: "warning",
  });
  const requests = process.argv.slice(2).flatMap((file) => JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")));
  const answers = [];
  for (const [index, request] of requests.entries()) {
    // As in a component, each request has modules of its own.
    const { answer } = await import(`${bundle}?${index}`);
    answers.push(await answer(request));
  }
  process.stdout.write(JSON.stringify(answers));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

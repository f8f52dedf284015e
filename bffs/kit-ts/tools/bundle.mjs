/**
 * Bundles a BFF (see bundler.mjs). Run in the BFF's folder:
 *
 *     node node_modules/@tailor/kit/tools/bundle.mjs <entry.ts> <bundle.js>
 *
 * With --again as a third argument it bundles anew for each line of its standard input, and answers
 * each with a line of JSON: {"ok":true,"printed":"..."}. It ends with its input.
 */
import { createInterface } from "node:readline";
import { bundler } from "./bundler.mjs";

const [entry, bundle, again] = process.argv.slice(2);
if (entry === undefined || bundle === undefined || (again !== undefined && again !== "--again")) {
  process.stderr.write("usage: bundle.mjs <entry.ts> <bundle.js> [--again]\n");
  process.exit(2);
}
const { build, dispose } = await bundler(entry, bundle, process.stderr.isTTY === true);
if (again === undefined) {
  const { ok, printed } = await build();
  process.stderr.write(printed);
  process.exitCode = ok ? 0 : 1;
} else {
  for await (const _ of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await build())}\n`);
  }
}
await dispose();

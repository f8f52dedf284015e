/**
 * Names the author's files, lines and columns in what was printed about an error at module level,
 * when a component is built:
 *
 *     node node_modules/@tailor/kit/tools/trace.mjs <bundle.js> <printed.txt>
 *
 * It prints the text with each `/<bundle>.js:12:5` of a stack replaced. The bundle has the table
 * (see bundle.mjs).
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { lookUp, parseStack } from "../src/lookup.mjs";

const [bundle, printed] = process.argv.slice(2);
if (bundle === undefined || printed === undefined) {
  process.stderr.write("usage: trace.mjs <bundle.js> <printed.txt>\n");
  process.exit(2);
}
const source = readFileSync(bundle, "utf8");
const start = source.lastIndexOf("\nglobalThis.tailorLines = ");
const [, json = "null"] = /^\nglobalThis\.tailorLines = (.*);\n/.exec(source.slice(start)) ?? [];
/** @type {import("../src/lookup.mjs").Table | null} */
const table = JSON.parse(json);
const file = `/${basename(bundle)}`;

/** The name and the message of an error: the words before its stack. */
let error = { name: "", message: "" };
/** @type {string | undefined} */
let inner;
for (const line of readFileSync(printed, "utf8").split("\n")) {
  const [call] = parseStack(line);
  if (call === undefined) {
    const [, name = "", message = ""] = /^(?:.*: )?(\w*Error): (.*)$/.exec(line) ?? [];
    error = { name, message };
    inner = undefined;
    process.stdout.write(`${line}\n`);
    continue;
  }
  const place = table !== null && call.file === file ? lookUp(table, call, inner, error) : undefined;
  const shown = place === undefined ? line : `    at ${call.name} (${place.file}:${place.line}:${place.column})`;
  inner = call.name;
  process.stdout.write(`${shown}\n`);
}

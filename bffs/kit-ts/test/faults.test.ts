/** What becomes of a fault in the code of a BFF. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bff, get, log } from "../src/index.ts";
import { sourceStack } from "../src/stack.ts";
import { lineTable } from "../tools/lines.mjs";
import type { LogLine } from "../testing/index.ts";
import { logOf, run, shown } from "./helpers.ts";

/** The lines logged by a handler that throws `thrown`, which must come through. */
function linesOf(thrown: unknown): LogLine[] {
  const handler = bff([
    get("/", () => {
      throw thrown;
    }),
  ]);
  const { caught, lines } = logOf(handler.handle);
  assert.equal(caught, thrown);
  return lines;
}

test("a fault is logged with its place and then thrown on, for the host to count", () => {
  const [line, ...more] = linesOf(new TypeError("no such thing"));
  assert.deepEqual([line?.level, line?.message, more], ["error", "TypeError: no such thing", []]);
  assert.match(line?.fields["stack"] ?? "", /faults\.test\S*:\d+/);
  assert.equal(linesOf("a text")[0]?.message, "Error: thrown value: a text");
});

test("a stack names the source's lines where the bundle has a table", () => {
  const frames = ["boom (/partner.js:2:18)", "<anonymous> (/partner.js:4:1)", "handle (/partner.js:9:1)", "push (native)"];
  const stack = frames.map((frame) => `    at ${frame}\n`).join("");
  const table = { files: ["src/a.ts", "src/b.ts"], lines: [0, 0, 1, 41, 0, 0, 0, 7] };
  assert.equal(sourceStack(stack, table), "boom src/b.ts:41 < <anonymous> src/a.ts:7 < handle /partner.js:9");
  assert.equal(sourceStack(stack), "boom /partner.js:2 < <anonymous> /partner.js:4 < handle /partner.js:9");
});

test("the table has the first source line of each line of the bundle", () => {
  // Line 1 has no source; 2: file 0, line 1; 3: file 0, line 41; 4: file 1, line 2, then line 3; 5:
  // file 0, line 1.
  assert.deepEqual(lineTable(";AAAA;AAwCA;ACvCA,AACA;ADFA"), [0, 0, 0, 1, 0, 41, 1, 2, 0, 1]);
});

test("log lines hold texts", () => {
  const answer = run(() => {
    log.warn("part \ud800 missing", { part: "sleep", days: 3, whole: false });
    return shown(null);
  });
  const fields = { part: "sleep", days: "3", whole: "false" };
  assert.deepEqual(answer.log, [{ level: "warn", message: "part \ufffd missing", fields }]);
});

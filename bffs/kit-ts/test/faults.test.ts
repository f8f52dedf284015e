/** What becomes of a fault in the code of a BFF. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bff, get, json, log } from "../src/index.ts";
import { cut } from "../src/words.ts";
import { sourceStack } from "../src/stack.ts";
import { decode, encode } from "../src/lookup.mjs";
import { lineTable } from "../tools/lines.mjs";
import { callAsync, type LogLine } from "../testing/index.ts";
import { handler } from "./engine/faults.ts";
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
  assert.equal(linesOf("a text")[0]?.message, "thrown string: a text");
});

test("a global that is not there is in the line and in the test's error with what to use instead", async () => {
  const absent = (): unknown => new TransformStream();
  for (const handler of [bff([get("/", () => json(absent()))]), { fetch: async () => absent() as never }]) {
    const caught = await callAsync(handler, { request: { path: "/" } }).catch((thrown: unknown) => thrown);
    assert.ok(caught instanceof ReferenceError);
    assert.match(caught.message, /^TransformStream is not defined: bodies are whole here: /);
    assert.ok(caught.stack?.startsWith(`ReferenceError: ${caught.message}`));
  }
  assert.match(lineOf("/absent").message, /^ReferenceError: Buffer is not defined: use Uint8Array with TextEncoder/);
  assert.match(linesOf(new Error("failed", { cause: new ReferenceError("process is not defined") }))[0]?.fields["cause"] ?? "", /: settings come with config\(\)/);
  assert.equal(linesOf(new ReferenceError("steps is not defined"))[0]?.message, "ReferenceError: steps is not defined");
});

/** The line of a path of `engine/faults.ts`. */
function lineOf(path: string): LogLine {
  const [line, ...more] = logOf(handler.handle, path).lines;
  assert.ok(line !== undefined && more.length === 0 && line.level === "error", path);
  return line;
}

test("causes and the errors of an aggregate are in the line, with their places", () => {
  const cause = lineOf("/cause");
  assert.equal(cause.message, "TypeError: no date");
  assert.match(cause.fields["stack"] ?? "", /^wrapped /);
  assert.match(cause.fields["cause"] ?? "", /^RangeError: 31 is not a month \(parse \S+:\d+ < wrapped /);
  const errors = lineOf("/errors");
  assert.equal(errors.message, "AggregateError: nothing worked");
  assert.match(errors.fields["errors"] ?? "", /^7: Error: one \(several [^<]*\); thrown string: two; Error: more \(/);
  assert.match(lineOf("/loop").message, /in a circle/);
});

test("a failure of a call is in the line, with its kind, its service and what the host says", () => {
  const call = lineOf("/call");
  assert.equal(call.message, "Error: the call failed: unreachable");
  const { kind, detail } = call.fields;
  assert.deepEqual([kind, detail], ["unreachable", "no fixture matches get / of `sleep`"]);
  const failure = lineOf("/failure");
  assert.deepEqual([failure.fields["kind"], failure.fields["service"]], ["denied", "heart"]);
  assert.equal(failure.fields["detail"], 'downstream "heart": not granted');
});

test("what is no error is in the line all the same", () => {
  const messages: Readonly<Record<string, string>> = {
    "/text": "thrown string: a text",
    "/undefined": "thrown undefined",
    "/null": "thrown null",
    "/number": "thrown number: 8",
    "/symbol": "thrown symbol: Symbol(s)",
    "/object": `thrown object: { kind: failed, reason: timeout, days: an array, note: ${"n".repeat(57)}... }`,
    "/failure": 'thrown object: { kind: denied, sent: false, detail: downstream "heart": not granted }',
    "/bare": "thrown object: {  }",
    "/getter": "what was thrown cannot be read",
  };
  for (const [path, message] of Object.entries(messages)) {
    assert.equal(lineOf(path).message, message);
    assert.equal(lineOf(path).fields["route"], `GET ${path}`);
  }
  assert.equal(lineOf("/object").fields["kind"], "timeout");
});

test("a long message leaves room for its stack and its cause", () => {
  const { message, fields } = lineOf("/long");
  assert.match(message, /^Error: (\u{1f642}\n)+\u{1f642}?\.\.\.$/u);
  assert.match(fields["stack"] ?? "", /faults/);
  assert.match(fields["cause"] ?? "", /^Error: c+\.\.\. \(/);
  const size = Object.entries(fields).reduce((sum, [name, value]) => sum + name.length + value.length + 16, 0);
  assert.ok(size + 800 <= 4096, `${size}`);
});

test("texts are cut between characters, to a number of bytes of the log", () => {
  assert.equal(cut("steps", 5), "steps");
  assert.equal(cut("steps!", 5), "st...");
  assert.equal(cut("\u{1f642}\u{1f642}", 8), "\u{1f642}\u{1f642}");
  assert.equal(cut("\u{1f642}\u{1f642}", 7), "\u{1f642}...");
  assert.equal(cut("ab\ncd", 11), "ab...");
});

/**
 * A bundle of one file, whose second line `c = f(a, b.x);` is line 8 of `src/a.ts`, and its table.
 */
const bundle = "// src/a.ts\nc = f(a, b.x);\n";
const table = { files: ["src/a.ts"], ...lineTable(bundle, { mappings: ";AAOA,IAAI,EACA,GAAG,EACF" }, assert.fail) };

test("a stack names the source's lines and columns where the bundle has a table", () => {
  const stack = (names: readonly string[]): string => names.map((name) => `    at ${name}\n`).join("");
  const called = stack(["f (/a.js:2:1)", "handle (/a.js:2:10)", "push (native)", "<anonymous> (/a.js:1:1)"]);
  const places = sourceStack(called, undefined, new Error("failed"), table);
  // The engine's place is that of `b`, and the call of `f` is meant.
  assert.equal(places, "f src/a.ts:8:1 < handle src/a.ts:8:5 < <anonymous> /a.js:1:1");
  const read = new TypeError("cannot read property 'x' of undefined");
  assert.equal(sourceStack(stack(["handle (/a.js:2:10)"]), undefined, read, table), "handle src/a.ts:10:6");
  assert.equal(sourceStack(called), "f /a.js:2:1 < handle /a.js:2:10 < <anonymous> /a.js:1:1");
});

test("a bundle that is not understood keeps the places of its source map", () => {
  const faults: string[] = [];
  const { marks, text } = lineTable("c = ;\n", { mappings: "AAOA,IAAI" }, (fault) => faults.push(fault));
  assert.match(faults.join(), /expected an expression/);
  const plain = { files: ["src/a.ts"], marks, text };
  assert.equal(sourceStack("    at f (/a.js:1:6)", undefined, undefined, plain), "f src/a.ts:8:5");
});

test("numbers of a table come back as they were, and lines beyond a mark are found", () => {
  for (const number of [0, 1, -1, 15, 16, -16, 1000, -70_000, 2 ** 29]) assert.deepEqual(decode(encode(number)), [number]);
  const lines = Array.from({ length: 200 }, (_, line) => `f${line}();\n`).join("");
  const mappings = `AAAA;${"AACA;".repeat(199)}`;
  const long = { files: ["src/a.ts"], ...lineTable(lines, { mappings }, assert.fail) };
  for (const line of [1, 63, 64, 65, 128, 129, 200]) {
    assert.equal(sourceStack(`    at f (/a.js:${line}:1)`, undefined, undefined, long), `f src/a.ts:${line}:1`);
  }
});

test("log lines hold texts", () => {
  const answer = run(() => {
    log.warn("part \ud800 missing", { part: "sleep", days: 3, whole: false });
    return shown(null);
  });
  const fields = { part: "sleep", days: "3", whole: "false" };
  assert.deepEqual(answer.log, [{ level: "warn", message: "part \ufffd missing", fields }]);
});

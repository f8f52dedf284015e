/**
 * `console`, as Node has it with everything in one line. Cases of the kinds of web-platform-tests:
 * console/console-is-a-namespace.any.js, console-log-symbol.any.js,
 * console-label-conversion.any.js, idlharness.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as util from "node:util";
import { format, makeConsole, type ConsoleLevel } from "../../src/web/console.ts";
import * as web from "../../src/web/index.ts";
import { inspect } from "../../src/web/inspect.ts";
import { same } from "./same.ts";

const ONE_LINE = { breakLength: Infinity, compact: true } as const;

/**
 * As Node writes it: in its usual way where that is one line, else in the one that is always one.
 */
function byNode(value: unknown, depth: number | null): string {
  const usual = util.inspect(value, { breakLength: Infinity, depth });
  return usual.includes("\n") ? util.inspect(value, { ...ONE_LINE, depth }) : usual;
}

class Point {
  readonly x = 1;
  readonly #hidden = 2;
  get sum(): number {
    return this.x + this.#hidden;
  }
}
class Tagged {
  readonly a = 1;
  get [Symbol.toStringTag](): string {
    return "Tag";
  }
}
class List extends Array<number> {}
class Own extends Map<string, number> {}

function circle(): object {
  const value: Record<string, unknown> = { name: "c", list: [] };
  value["self"] = value;
  (value["list"] as unknown[]).push(value, { value });
  return value;
}
const twice = { one: 1 };

const VALUES: readonly unknown[] = [
  undefined, null, true, 0, -0, NaN, Infinity, 1.5, 10n, "text", "it's", "\"'", "`'\"", "a\nb\t\\\x07\x1b\x7f\x9f", "\ud800", "😀", "", Symbol("s"), Symbol(),
  {}, [], { a: 1, "b-c": "x", 3: [1] }, [1, "a", null, undefined], [1, , 3, , ,], new Array(3), Array.from({ length: 120 }, (_, at) => at), { a: { b: { c: { d: 1 } } } },
  [[[[1]]]], { a: [[[{}]]] }, { deep: { er: { empty: {}, list: [], point: new Point(), map: new Map() } } }, new Point(), new Tagged(), { [Symbol("k")]: 1 }, Object.create(null), Object.create({ a: 1 }),
  Object.assign(Object.create(null) as object, { a: 1 }), new Map<unknown, unknown>([["a", { b: 1 }], [{ k: 1 }, 2]]), new Set([1, "b", [2]]), new Map(), new Set(), new List(1, 2, 3), new Own([["k", 1]]),
  Uint8Array.of(1, 2), new Float64Array(2), new BigInt64Array(1), new Uint8Array(0), Uint8Array.of(1, 2, 255).buffer, new Uint8Array(200), new Date(0), new Date(NaN), /a\/b/gi,
  () => 1, function named() {}, async () => 1, function* gen() {}, class A {}, class B extends Point {}, class {}, Object.assign(() => 1, { extra: 1 }), Math.max,
  new Number(-0), new String("abc"), new Boolean(true), Object(1n), Object(Symbol("x")), new WeakMap(), new WeakSet(), circle(), [twice, twice],
  { get a() { return 1; }, set b(_value: number) {}, get c() { return 1; }, set c(_value: number) {} }, Object.assign([1, 2], { extra: true, "-1": 0 }), { a: () => 1, b: class C {} },
  { "with space": 1, "ünï": 2, $: 3, _1: 4, "1a": 5 }, { long: "x".repeat(200) }, Object.assign(new Date(0), { a: 1 }), Math, JSON, globalThis.Reflect, { s: "it's" }, "x".repeat(10_005),
  { undefined, null: null }, new (class extends Set {})([1]), { __proto__: { constructor: undefined } },
];

test("values are written as Node writes them, in one line", () => {
  same(VALUES, (value) => inspect(value), (value) => byNode(value, 2));
  for (const depth of [0, 1, 4, null]) same(VALUES, (value) => inspect(value, { depth }), (value) => byNode(value, depth));
});

test("arguments are joined and put into the first text as Node does", () => {
  const cases: unknown[][] = [
    [], [""], ["a", "b"], ["a", 1, { b: 2 }], [1, "a"], [{ a: 1 }], ["%s is %d", "x", 4.5, "more"], ["%s", "a", "b"], ["%s"], ["%d%%", 50], ["100%", 1], ["%i|%f|%d", "42.9px", "1.5e1x", "7"],
    ["%j", { a: [1] }], ["%j", circle()], ["%j", undefined], ["%o", [1]], ["%O", { a: { b: { c: {} } } }], ["%c styled", "color: red"], ["%s %s %s", null, undefined, -0], ["%s", 10n], ["%d", 10n], ["%i", 10n],
    ["%s", Symbol("x")], ["%d", Symbol("x")], ["%s", { a: { b: 1 } }], ["%s", [1, [2]]], ["%s", new Date(0)], ["%s", { toString: () => "own" }], ["%s", () => 1], ["%x", 1], ["%", 1], ["%%", 1], ["%d", "x"], ["%d", {}],
    ["%s", new (class Shown { toString(): string { return "shown"; } })()], ["a\nb", "c\nd"], [["a"], "b"], ["%s", true], ["%d", null], ["%d", ""], ["%i", ""], ["%f", ""], ["%%%s%%", "a"], [undefined, null],
  ];
  const inOneLine = (data: unknown[]): string => util.formatWithOptions(ONE_LINE, ...data);
  same(cases.filter(([first]) => first !== "%o"), format, inOneLine);
  assert.equal(format([]), "");
});

test("errors have their words, their stack in one line, their cause and their members", () => {
  const cause = new RangeError("inner");
  const outer = Object.assign(new TypeError("outer", { cause }), { code: 7 });
  const text = inspect(outer);
  assert.match(text, /^TypeError: outer \(.*console\.test\.ts:\d+:\d+.*\) \{ /);
  assert.match(text, /code: 7/);
  assert.match(text, /\[cause\]: RangeError: inner \(/);
  assert.match(inspect(new AggregateError([cause], "all")), /^AggregateError: all \(.*\) \{ \[errors\]: \[ RangeError: inner \(/);
  assert.doesNotMatch(text, /\n/);
  const bare = new Error("");
  delete bare.stack;
  assert.equal(inspect(bare), "[Error]");
});

test("objects of the web show what is in them", () => {
  // The runner bundles the tests, which renames classes.
  web.giveNames(web);
  const shown = [
    new web.Headers({ b: "1", "a-b": "2" }), new web.URL("http://h/x"), new web.URLSearchParams("q=1"), new web.Response("x", { status: 201 }), new web.Request("http://h/"),
    new web.Blob(["ab"], { type: "a/b" }),
  ].map((value) => inspect(value));
  assert.deepEqual(shown, [
    "Headers { 'a-b': '2', b: '1' }",
    "URL { href: 'http://h/x' }",
    "URLSearchParams { q: '1' }",
    "Response { status: 201, statusText: '', headers: Headers { 'content-type': 'text/plain;charset=UTF-8' }, bodyUsed: false }",
    "Request { method: 'GET', url: 'http://h/', headers: Headers {}, bodyUsed: false }",
    "Blob { size: 2, type: 'a/b' }",
  ]);
});

test("whatever is logged, nothing is thrown", () => {
  const odd: unknown[] = [Date, Map, Set, RegExp, Uint8Array, Error, web.Headers, web.URL, Boolean, String].map((kind) => Object.create(kind.prototype as object));
  odd.push(new Proxy({}, {}), Object.create({ get [Symbol.toStringTag](): string { throw new Error("no"); } }), Object.defineProperty(() => 1, "name", { value: 7 }));
  for (const value of odd) assert.equal(typeof inspect(value), "string");
});

test("each call is a line with its level", () => {
  const lines: [ConsoleLevel, string][] = [];
  let clock = 1_000;
  const { log, ...console } = makeConsole((level, text) => lines.push([level, text]), () => clock);
  log("a", 1);
  console.info("%s", "i");
  console.debug({ d: 1 });
  console.warn("w");
  console.error("e");
  console.assert(true, "not seen");
  console.assert(false, "seen %d", 1);
  console.assert(false);
  console.assert(0, { a: 1 });
  console.dir({ a: { b: { c: {} } } }, { depth: 0 });
  console.table([{ a: 1, b: 2 }], ["b"]);
  console.count();
  console.count("x");
  console.count();
  console.countReset();
  console.count();
  console.countReset("none");
  console.time("t");
  console.time("t");
  clock += 12.3456;
  console.timeLog("t", "more");
  clock += 2_000;
  console.timeEnd("t");
  console.timeEnd("t");
  console.group("g");
  log("inner");
  console.group();
  log("two");
  console.groupEnd();
  console.groupEnd();
  console.groupEnd();
  log();
  console.clear();
  assert.deepEqual(lines, [
    ["info", "a 1"], ["info", "i"], ["debug", "{ d: 1 }"], ["warn", "w"], ["error", "e"], ["error", "Assertion failed: seen 1"], ["error", "Assertion failed"],
    ["error", "Assertion failed { a: 1 }"], ["info", "{ a: [Object] }"], ["info", "[ { b: 2 } ]"], ["info", "default: 1"], ["info", "x: 1"], ["info", "default: 2"], ["info", "default: 1"],
    ["warn", "Count for 'none' does not exist"], ["warn", "Label 't' already exists for console.time()"], ["info", "t: 12.346ms more"], ["info", "t: 2.012s"],
    ["warn", "No such label 't' for console.time()"], ["info", "g"], ["info", "  inner"], ["info", "    two"], ["info", ""],
  ]);
  lines.length = 0;
  console.trace("here %d", 1);
  assert.match(String(lines[0]), /^debug,Trace: here 1 \(.*console\.test\.ts:/);
});

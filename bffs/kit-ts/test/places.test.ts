/** The places of a bundle that the engine names: all of the language is gone over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { placesOf } from "../tools/places.mjs";

const DENSE = String.raw`
class A extends (a, B) { static { a(); } static #p = 1; async *[k]() { yield* x; } get = 1; static async = 2; #q; get v() { return this.#q ?? 1; } set v(x) { for (const { a = 1, b: [c, , d = f()], ...r } of x) label: for (;;) { break label; } } has(o) { return #q in o; } }
const re = a / b / c; const z = /[/]\/x/g.test(s) ? ${"`a${`b${c}`}d`"} : (a, b);
for (let i = 0, n = ("in" in x); i < n; i++) ;
for (const key in object) { continue; }
const f = async (a, { b = 1, c: { d } = {} }, [e, ...g] = [], ...h) => ({ a, b }); const g2 = async x => x; const g3 = (async () => { await f(); })();
if (x) /re/.test(y); else do { x++; } while (x < 5); switch (x) { case 1: { break; } default: y(); case a ? b : c: z(); }
outer: { try { throw new (foo()).Bar(1)(2); } catch { } finally { } }
let { [k]: v1, "x": v2, 3: v3 } = obj; ({ a: b.c, ...d } = x); [a, b] = [b, a];
new Foo; new a.b.c(x)?.y?.[z]?.(w); tag${"`t${1}\n`"}; a ||= b; delete a?.b; x = y ? (z) => 1 : async () => 2; var let_ = function* g() { const x = yield; yield; yield a, b; };
(function() { return new.target; })(), (() => {})(), ((((a)))); const o = { get a() { return 1; }, set a(v) {}, async b() {}, *c() {}, async *d() {}, [e]: 1, "f"() {}, 1: 2, ...g, h, get, set: 1, async, static: 2 };
async function q() { for await (const x of y) ; await import("x"); }
const w = import.meta.url, big = 1_000n + 0xffn, s2 = "\"\u{1f642}", t2 = a?.5:1;
export default class {}
export { A as Q, z };
`;

test("the language is gone over without a fault", () => {
  assert.ok(placesOf(DENSE).size > 60);
});

/** The steps behind each place, as `place: kind name`. */
function steps(bundle: string): string[] {
  return [...placesOf(bundle)].map(([place, behind]) => `${place}: ${behind.map(({ name, at }) => `${name}@${at}`).join(" ")}`);
}

test("a place has all that comes before the next one, in the engine's order", () => {
  //                             0123456789012345678901
  assert.deepEqual(steps("\n" + "f(a, g().x);"), ["0: ", "1: f@1", "3: a@3", "6: g@6 g@6 x@10 f@1"]);
  // What has no space before it and is no name has the place of what has.
  assert.deepEqual(steps("\n" + "f(1).y = [z];"), ["0: ", "1: f@1 f@1 y@6", "11: z@11 y@6"]);
});

test("what cannot be gone over is named", () => {
  assert.throws(() => placesOf("const = 1;"), /expected/);
  assert.throws(() => placesOf("a = ;"), /expected an expression, found ";" at 4/);
});

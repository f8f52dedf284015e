/** What is missing: its word, and the answers that are made of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingArrived, Problem, valueOrProblem, why, type Missing } from "../src/index.ts";

const EACH: readonly Missing[] = [
  { kind: "failed", reason: "timeout" },
  { kind: "failed", reason: "status-410" },
  { kind: "failed", reason: "status-409", reply: { status: 409, headers: [], body: { tag: "none" }, selected: [], source: "live" } },
  { kind: "not-found" },
  { kind: "no-value", index: 0 },
  { kind: "unreadable" },
];

test("what is missing has one of four words, and a reason", () => {
  assert.deepEqual(EACH.map(why), ["timeout", "status-410", "status-409", "not-found", "no-value", "unreadable"]);
});

test("a part that a handler cannot do without ends it, as in Rust", () => {
  assert.equal(valueOrProblem({ kind: "value", value: 7, stale: true }), 7);
  const thrown = EACH.map((missing) => {
    try {
      return valueOrProblem(missing);
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      return [fault.status, fault.message, fault.options.headers ?? []];
    }
  });
  const unavailable = (word: string): unknown => [503, `no answer of the service: ${word}`, [["retry-after", "5"]]];
  assert.deepEqual(thrown, [
    unavailable("timeout"),
    unavailable("status-410"),
    [409, "the service refused this: status-409", []],
    [404, "the service has no such thing", []],
    unavailable("no-value"),
    unavailable("unreadable"),
  ]);
});

test("nothing arrived: not found when a service says so, else unavailable", () => {
  const steps: Missing = { kind: "failed", reason: "status-503" };
  const none = nothingArrived("no user `bob`", { steps, sleep: { kind: "not-found" } });
  assert.deepEqual([none.status, none.message], [404, "no user `bob`"]);
  const down = nothingArrived("no user `bob`", { steps, sleep: { kind: "no-value", index: 0 } });
  assert.deepEqual([down.status, down.message], [503, "no part is available: steps (status-503), sleep (no-value)"]);
  assert.deepEqual(down.options.headers, [["retry-after", "5"]]);
  const own = nothingArrived("no user", { steps }, (missing) => missing.kind);
  assert.equal(own.message, "no part is available: steps (failed)");
});

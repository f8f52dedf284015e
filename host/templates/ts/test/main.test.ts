import assert from "node:assert/strict";
import { test } from "node:test";
import { call, checkExpected, readFixtures } from "@tailor/kit/testing";
import { handler } from "../src/main.ts";

// Each file of the folder is a test. `tailor call` runs the same ones in the component.
for (const [name, fixture] of readFixtures("fixtures")) {
  test(name, () => checkExpected(call(handler, fixture), fixture.expect ?? {}));
}

test("a day to come is refused before anything is asked", () => {
  const answer = call(handler, { request: { path: "/ada/goals?date=2026-01-16" }, now: "2026-01-15T23:59:00Z" });
  assert.deepEqual([answer.status, answer.calls.length], [400, 0]);
});

test("without goals the answer is a problem: unknown is 404, silent is 503", () => {
  const request = { path: "/ada/goals" };
  const unknown = { service: "goals", path: "*", reply: { status: 404 } };
  assert.equal(call(handler, { request, downstreams: [unknown] }).status, 404);
  const silent = call(handler, { request });
  assert.deepEqual([silent.status, silent.headers["retry-after"]], [503, "5"]);
});

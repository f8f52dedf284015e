import assert from "node:assert/strict";
import { test } from "node:test";
import { call, checkExpected, readFixtures } from "@tailor/kit/testing";
import { handler } from "../src/main.ts";

for (const [name, fixture] of readFixtures("fixtures")) {
  test(name, () => checkExpected(call(handler, fixture), fixture.expect ?? {}));
}

test("a day to come is refused before anything is asked", () => {
  const answer = call(handler, { request: { path: "/ada/goals?date=2026-01-16" }, now: "2026-01-15T23:59:00Z" });
  assert.deepEqual([answer.status, answer.calls.length], [400, 0]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { callAsync, checkExpected, readFixtures } from "@tailor/kit/testing";
import app from "../src/main.ts";

// Each file of the folder is a test. `tailor call` runs the same ones in the component.
for (const [name, fixture] of readFixtures("fixtures")) {
  test(name, async () => checkExpected(await callAsync(app, fixture), fixture.expect ?? {}));
}

test("an unknown user is the service's 404", async () => {
  const unknown = { service: "goals", path: "*", reply: { status: 404, json: { detail: "no user `bob`" } } };
  const answer = await callAsync(app, { request: { path: "/bob/goals" }, downstreams: [unknown] });
  assert.deepEqual([answer.status, answer.calls.length], [404, 2]);
});

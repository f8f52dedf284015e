/** The example of README.md is the one in example/, and that one works: its tests are run here, from its folder. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, checkExpected, readFixtures } from "../testing/index.ts";
import { handler } from "../example/src/main.ts";

/** The kit's folder: tests run in that of the BFF which uses it. */
const KIT = [".", "node_modules/@tailor/kit"].find((folder) => existsSync(join(folder, "example"))) ?? ".";
const read = (file: string): string => readFileSync(join(KIT, file), "utf8");

for (const file of ["example/src/main.ts", "example/test/main.test.ts", "example/fixtures/no-profile.json"]) {
  test(`README.md shows ${file} as it is`, () => {
    assert.ok(read("README.md").includes(`\n${read(file)}\`\`\`\n`));
  });
}

test("README.md names everything that the kit exports", () => {
  const readme = read("README.md");
  const exported = [...read("src/index.ts").matchAll(/export \{([^}]*)\}/g)].flatMap((found) => (found[1] ?? "").split(","));
  const values = exported.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "));
  assert.ok(values.length > 20);
  assert.deepEqual(values.filter((name) => !readme.includes(`\`${name}`)), []);
});

for (const [name, fixture] of readFixtures(join(KIT, "example/fixtures"))) {
  test(`example: ${name}`, () => {
    checkExpected(call(handler, fixture), fixture.expect ?? {});
  });
}

test("example: a selected value, an unknown user, a silent service, a day to come", () => {
  const goals = { service: "goals", path: "*", reply: { json: { goals: [] } } };
  const profile = { service: "profile", path: "/users/ada", reply: { json: { weight_kg: 61, name: "Ada" } } };
  const request = { path: "/ada/goals" };
  assert.deepEqual(call(handler, { request, downstreams: [goals, profile] }).json(), { reached: [], open: [], weight_kg: 61 });
  assert.equal(call(handler, { request, downstreams: [{ ...goals, reply: { status: 404 } }] }).status, 404);
  assert.equal(call(handler, { request, downstreams: [profile] }).status, 503);
  const future = call(handler, { request: { path: "/ada/goals?date=2026-01-16" }, now: "2026-01-15T23:59:00Z" });
  assert.deepEqual([future.status, future.calls.length], [400, 0]);
});

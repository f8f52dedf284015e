/**
 * Files that other programs read, too: `tailor call` and the kit for Rust have to see the same in
 * them.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { call, checkExpected, readFixtures } from "../testing/index.ts";
import { handler } from "./engine/echo.ts";

// The folder of the kit, whatever folder the tests are run in.
const FOLDER = join(dirname(realpathSync("node_modules/@tailor/kit/package.json")), "test/fixtures");

for (const [name, fixture] of readFixtures(FOLDER)) {
  test(`fixture of all readers: ${name}`, () => checkExpected(call(handler, fixture), fixture.expect ?? {}));
}

test("what one reader of fixtures refuses, all do", () => {
  const all = JSON.parse(readFileSync(join(FOLDER, "refused/all.json"), "utf8")) as readonly { why: string; fixture: string }[];
  assert.ok(all.length > 20);
  const folder = mkdtempSync(join(tmpdir(), "tailor-fixtures-"));
  try {
    for (const { why, fixture } of all) {
      writeFileSync(join(folder, "one.json"), fixture);
      assert.throws(() => readFixtures(folder), `${why}: ${fixture}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is expected is compared as JSON", () => {
  const answer = call({ handle: () => ({ status: 200, headers: [], body: { tag: "text", val: '{"a":5.0,"b":"5"}' } }) }, { request: { path: "/" } });
  checkExpected(answer, { json: { b: "5", a: 5 } });
  for (const json of [{ a: 5 }, { a: 5, b: 5 }, { a: "5", b: "5" }, { a: 5, b: "5", c: 1 }, [], null, "5"]) {
    assert.throws(() => checkExpected(answer, { json }), JSON.stringify(json));
  }
});

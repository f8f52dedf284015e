/** Answers of another form than the contract's: each has a line in the log. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callAsync } from "../testing/index.ts";
import { expected, handler } from "./engine/answers.ts";
import app, { expected as expectedOfApp } from "./engine/web-answers.ts";
import { logOf, run } from "./helpers.ts";

test("an answer of the wrong form is logged with what is wrong and its route, and then thrown on", () => {
  for (const [path = "", message] of expected) {
    const { caught, lines } = logOf(handler.handle, path);
    assert.ok(caught instanceof TypeError, path);
    const [line, ...more] = lines;
    assert.deepEqual([line?.level, line?.message, more], ["error", message, []], path);
    assert.equal(line?.fields["route"], `GET ${path}`);
    assert.match(line?.fields["at"] ?? "", /answers\.ts:\d+:\d+$|tests\.mjs:\d+:\d+$/);
    assert.ok(!("stack" in line.fields), path);
  }
});

test("json() of what JSON does not have names the author's line", () => {
  const [line] = logOf(handler.handle, "/undefined").lines;
  assert.equal(line?.message, "TypeError: json() of undefined, which JSON does not have");
  assert.match(line?.fields["stack"] ?? "", /^json \S+ < /);
});

test("answers of the right form pass", () => {
  assert.deepEqual(run(handler.handle, "/").json(), expected);
  assert.equal(run(handler.handle, "/bytes").headers["a"], "\u{1f642}");
  assert.equal(run(handler.handle, "/none").status, 204);
});

test("an answer of an app that is no Response is refused with what it is and what to return", async () => {
  assert.deepEqual((await callAsync(app, { request: { path: "/" } })).json(), expectedOfApp);
  for (const [path = "", message] of expectedOfApp) {
    const caught = await callAsync(app, { request: { path } }).catch((thrown: unknown) => thrown);
    assert.equal(String(caught), message, path);
  }
});

/** The body of a request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Payload, Request } from "tailor:bff/types@0.1.1";
import { array, bff, json, number, object, post, Problem, readBytes, readForm, readJson, readText, string } from "../src/index.ts";
import { encodeUtf8 } from "../src/web/utf8.ts";
import { call } from "../testing/index.ts";

const log = object({ kg: number, laps: array(object({ "a/b": string })) });
const text = (val: string): Payload => ({ tag: "text", val });

function request(body: Payload, contentType?: string): Request {
  const headers = contentType === undefined ? [] : [["content-type", contentType] as const];
  return { id: "r", method: "post", path: "/", query: [], headers, body, client: { name: "c", host: "h" } };
}

/** Status, detail, field and headers of the problem that is thrown. */
function problem(use: () => unknown): unknown {
  try {
    return use();
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    const { members = {}, headers = [] } = thrown.options;
    return [thrown.status, thrown.message, members["field"] ?? null, headers];
  }
}

test("a document is typed, whatever kind of JSON it says it is", () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]) {
    const read: number = readJson(request(text('{"kg": 61.5, "laps": [], "more": 1}'), type), log).kg;
    assert.equal(read, 61.5);
  }
});

test("another content type is 415 and names the right one", () => {
  for (const [type, said] of [
    [undefined, "is missing"],
    ["text/plain", "is `text/plain`"],
    ["application/jsonp", "is `application/jsonp`"],
    ["", "is ``"],
  ] as const) {
    const detail = `header \`content-type\` ${said}; allowed: application/json`;
    const found = problem(() => readJson(request(text("{}"), type), log));
    assert.deepEqual(found, [415, detail, null, [["accept", "application/json"]]]);
  }
});

test("a body that cannot be read is 400 and names the field", () => {
  const cases: readonly [body: Payload, detail: string, field: string][] = [
    [text('{"kg": "61"}'), "body field `/kg`: expected number, found string", "/kg"],
    [text('{"kg": 1}'), "body field `/laps`: expected array, found nothing", "/laps"],
    [text('{"kg": 1, "laps": [{"a/b": 1}]}'), "body field `/laps/0/a~1b`: expected string, found number", "/laps/0/a~1b"],
    [text("[]"), "body: expected object, found array", ""],
    [text("{"), "body: not JSON", ""],
    [text("[".repeat(5000)), "body: more than 1000 levels of lists and objects", ""],
    [{ tag: "none" }, "body: expected JSON, found none", ""],
    [{ tag: "bytes", val: Uint8Array.of(255) }, "body: not text in UTF-8", ""],
  ];
  for (const [body, detail, field] of cases) {
    assert.deepEqual(problem(() => readJson(request(body, "application/json"), log)), [400, detail, field, []]);
  }
  const handler = bff([post("/", (given) => json(readJson(given, log)))]);
  const answer = call(handler, { request: { method: "POST", path: "/", headers: { "Content-Type": "application/json" }, body: {} } });
  assert.equal(answer.status, 400);
  assert.equal((answer.json() as { readonly field: string }).field, "/kg");
  // What the decoder itself throws is the author's fault, not the client's.
  const decode = (): never => {
    throw new TypeError("a slip");
  };
  assert.throws(() => readJson(request(text("{}"), "application/json"), decode), { name: "TypeError" });
});

test("forms, texts and bytes are read", () => {
  const form = "application/x-www-form-urlencoded; charset=utf-8";
  const pairs = [["a", "1 2&"], ["b", ""], ["a", "\u{fc}"]];
  assert.deepEqual(readForm(request(text("a=1+2%26&b&a=%C3%BC&"), form)), pairs);
  assert.deepEqual(readForm(request({ tag: "none" }, form)), []);
  assert.deepEqual(problem(() => readForm(request(text("a=%ff"), form))), [400, "body: not percent-encoded UTF-8", "", []]);
  assert.ok(String(problem(() => readForm(request(text("a=1"))))).startsWith("415,"));

  assert.equal(readText(request({ tag: "none" })), "");
  assert.deepEqual([...readBytes(request({ tag: "bytes", val: Uint8Array.of(255) }))], [255]);
  for (const each of ["", "abc%", "\u{fc}\u{20ac}\u{1f642}"]) {
    assert.deepEqual(readBytes(request(text(each))), encodeUtf8(each));
    assert.deepEqual([...encodeUtf8(each)], [...Buffer.from(each)]);
  }
});

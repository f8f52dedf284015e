/** Calls that change something, and what their outcomes keep. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bff, deleteJson, fetchAll, handBack, json, nothing, nullable, number, object, patchJson, post, postJson, putJson, readDocument,
  string, type JsonCall, type Outcome,
} from "../src/index.ts";
import type { Downstream } from "../testing/index.ts";
import { call } from "../testing/index.ts";
import { ended, run } from "./helpers.ts";

const made = object({ id: number });

/** The outcome of a call to `s`, which answers so. */
function outcome<T>(write: JsonCall<T>, reply: NonNullable<Downstream["reply"]>): { readonly kind: string; readonly status: number | undefined } {
  let found: Outcome<T> | undefined;
  run(
    () => {
      [found] = fetchAll(write);
      return ended([]);
    },
    "/",
    [{ service: "s", path: "*", reply }],
  );
  return { kind: found?.kind ?? "", status: found?.reply?.status };
}

test("a write has its method, body, key and fields", () => {
  const value = { minutes: 30 };
  const options = { idempotencyKey: "k", query: { dry: "1" }, headers: [["if-match", '"7"']], select: ["/id"] } as const;
  const { calls } = run(() =>
    ended(
      fetchAll(
        postJson("s", "/x", value, nothing, options),
        putJson("s", "/x", value, nothing),
        patchJson("s", "/x", null, nothing),
        deleteJson("s", "/x", nothing, { idempotencyKey: undefined }),
      ),
    ),
  );
  assert.deepEqual(calls.map(({ method }) => method), ["post", "put", "patch", "delete"]);
  const accept = ["accept", "application/json"];
  const type = ["content-type", "application/json"];
  assert.deepEqual(calls[0]?.headers, [accept, type, ["idempotency-key", "k"], ["if-match", '"7"']]);
  assert.deepEqual([calls[0].query, calls[0].select], [[["dry", "1"]], ["/id"]]);
  assert.deepEqual(calls.map(({ body }) => (body.tag === "text" ? body.val : body.tag)), ['{"minutes":30}', '{"minutes":30}', "null", "none"]);
  assert.deepEqual([calls[1]?.headers, calls[3]?.headers], [[accept, type], [accept]]);
  assert.throws(() => postJson("s", "/x", undefined, nothing), /a call of s: the value has no form in JSON/);
});

test("an outcome is the value with its status, or one of the four words with its status", () => {
  const write = postJson("s", "/x", {}, made);
  const cases = [
    [201, { id: 7 }, "value"],
    [202, { id: 7 }, "value"],
    [204, undefined, "no-value"],
    [200, null, "no-value"],
    [201, { id: "7" }, "unreadable"],
    [404, { id: 7 }, "not-found"],
    [409, { id: 7 }, "failed"],
    [412, undefined, "failed"],
    [422, undefined, "failed"],
  ] as const;
  for (const [status, document, kind] of cases) {
    assert.deepEqual(outcome(write, document === undefined ? { status } : { status, json: document }), { kind, status });
  }
});

test("white space alone is no document", () => {
  assert.equal(outcome(postJson("s", "/x", {}, made), { status: 201, text: " \n" }).kind, "no-value");
  assert.equal(outcome(postJson("s", "/x", {}, nullable(made)), { status: 201, text: " " }).kind, "value");
  assert.equal(outcome(postJson("s", "/x", {}, made), { status: 201, text: " x" }).kind, "unreadable");
});

test("what need not be there is null, and what is not wanted is not read", () => {
  assert.equal(outcome(postJson("s", "/x", {}, nullable(made)), { status: 204 }).kind, "value");
  for (const reply of [{ status: 204 }, { status: 201, text: "<html>" }, { status: 202, json: { id: "7" } }]) {
    assert.deepEqual(outcome(deleteJson("s", "/x", nothing), reply), { kind: "value", status: reply.status });
  }
});

test("what a service says about a conflict is at hand without an exception", () => {
  const handler = bff([
    post("/", () => {
      const [result] = fetchAll(postJson("s", "/x", {}, made));
      if (result.kind === "failed" && result.reply?.status === 409) {
        const problem = readDocument(result.reply, object({ detail: string }));
        return json({ taken: problem.kind === "value" ? problem.value.detail : problem.kind }, [], 409);
      }
      return handBack(result);
    }),
  ]);
  const ask = (reply: NonNullable<Downstream["reply"]>): unknown => {
    const { status, text } = call(handler, { request: { method: "POST", path: "/" }, downstreams: [{ service: "s", path: "*", reply }] });
    return [status, text];
  };
  assert.deepEqual(ask({ status: 409, json: { detail: "at 10:00" } }), [409, '{"taken":"at 10:00"}']);
  assert.deepEqual(ask({ status: 409, text: "<html>" }), [409, '{"taken":"unreadable"}']);
  assert.deepEqual(ask({ status: 409 }), [409, '{"taken":"no-value"}']);
  assert.deepEqual(ask({ status: 422, json: { a: 1 } }), [422, '{"a":1}']);
  const none = call(handler, { request: { method: "POST", path: "/" } });
  assert.deepEqual([none.status, none.headers["retry-after"]], [503, "5"]);
});

test("a reply is handed back as it came, without what is the host's", () => {
  const reply = (status: number, headers: [string, string][], val = "x"): Outcome<undefined> => ({
    kind: "value", value: undefined, stale: false,
    reply: { status, headers, body: { tag: "text", val }, selected: [], source: "live" },
  });
  const kept: [string, string][] = [["content-type", "text/plain"], ["etag", '"7"'], ["set-cookie", "a"], ["set-cookie", "b"]];
  const hosts = ["Date", "server", "content-length", "transfer_encoding", "x-forwarded-for", "x-accel-redirect", "tailor-x"];
  const answer = handBack(reply(409, [...kept, ...hosts.map((name): [string, string] => [name, "1"])]));
  assert.deepEqual(answer, { status: 409, headers: kept, body: { tag: "text", val: "x" } });
  assert.equal(handBack(reply(204, [])).body.tag, "none");
  assert.equal(handBack(reply(799, [])).status, 502);
  // Without a type it stays without one.
  assert.deepEqual(handBack(reply(200, [], "\u{fc}")).body, { tag: "bytes", val: Uint8Array.of(0xc3, 0xbc) });
  const long = "v".repeat(20 * 1024);
  assert.equal(handBack(reply(200, [["a", "1"], ["b", long], ["c", long]])).headers.length, 2);
});

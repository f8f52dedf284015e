/**
 * The doubles of the contract refuse what production refuses, and read fixtures as the host does.
 */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fetch, type Call } from "tailor:bff/downstream@0.1.1";
import { config, randomBytes, type Handler } from "../src/index.ts";
import { call, checkExpected, readFixtures } from "../testing/index.ts";
import { handler as clock } from "./engine/clock.ts";
import { handler as names } from "./engine/names.ts";
import { run, shown } from "./helpers.ts";

test("what the engine lacks is out of reach, and there again afterwards", () => {
  const reach: (() => unknown)[] = [
    () => Buffer.from(""),
    () => setImmediate(() => undefined),
    () => process.version,
    () => new TransformStream(),
  ];
  for (const use of reach) {
    assert.throws(() => run(() => shown(use())), /is not defined/, String(use));
    assert.doesNotThrow(use);
  }
});

test("clock, chance, globals, time zone and order of texts are those of a component, and Node's again afterwards", () => {
  // The folder of the kit, whatever folder the tests are run in.
  const folder = join(dirname(realpathSync("node_modules/@tailor/kit/package.json")), "test/engine");
  const handlers: Readonly<Record<string, Handler>> = { "clock.json": clock, "names.json": names };
  for (const [name, fixture] of readFixtures(folder)) {
    const handler = handlers[name];
    assert.ok(handler, name);
    checkExpected(call(handler, fixture), fixture.expect ?? {});
  }
  assert.ok(Date.now() > Date.UTC(2026, 6) && new Date() instanceof Date && Math.random() !== Math.random());
  assert.equal(new Date(0).toLocaleDateString("de-DE"), "1.1.1970");
  assert.equal("ä".localeCompare("z", "de"), -1);
});

test("answers that the host would refuse fail the test", () => {
  const none = { tag: "none" } as const;
  const wrong = [
    { status: 199, headers: [], body: none },
    ...[204, 205, 304].map((status) => ({ status, headers: [], body: { tag: "text", val: "x" } as const })),
    { status: 200, headers: [["a", "b\r\nc: d"] as const], body: none },
    ...["content-length", "Connection", "x_forwarded_for", "tailor-x", "traceparent", "x-accel-redirect", ""].map((name) => ({
      status: 200, headers: [[name, "1"] as const], body: none,
    })),
    { status: 200, headers: [], body: { tag: "text", val: "\ud800" } as const },
  ];
  for (const answer of wrong) assert.throws(() => run(() => answer), { name: "AssertionError" }, JSON.stringify(answer));
  const headers = ["date", "x-request-id", "set-cookie", "x-mine"].map((name) => [name, "1"] as const);
  run(() => ({ status: 204, headers, body: { tag: "text", val: "" } }));
});

test("settings, client, time and request are those of the fixture", () => {
  const answer = call(
    { handle: ({ client, headers, query, body }) => shown([client.name, headers, query, body, config("tone"), config("no")]) },
    {
      request: { path: "/x?a=1%202+3&b", query: { c: "d" }, headers: { Accept: "x" }, body: "text" },
      client: "watch",
      config: { tone: "dry" },
    },
  );
  const query = [["a", "1 2 3"], ["b", ""], ["c", "d"]];
  assert.deepEqual(answer.json(), ["watch", [["accept", "x"]], query, { tag: "text", val: "text" }, "dry", null]);
});

test("random bytes are those of the fixture's seed, as under the host", () => {
  const handler = { handle: () => shown([[...randomBytes(2)], [...randomBytes(6)]]) };
  const bytes = (given: { readonly seed?: number }): unknown => call(handler, { request: { path: "/" }, ...given }).json();
  assert.deepEqual(bytes({}), [[68, 0], [57, 37, 119, 139, 157, 166]]);
  assert.deepEqual(bytes({ seed: 7 }), [[2, 15], [250, 178, 133, 103, 119, 61]]);
});

test("an answer that is not as expected fails", () => {
  const answer = run(() => ({ ...shown({ a: 1 }), headers: [["X-A", "1"]] }));
  checkExpected(answer, { status: 200, headers: { "x-a": "1" }, json: { a: 1 }, text: '{"a":1}' });
  const val = new TextEncoder().encode('["\u{fc}"]');
  const bytes = run(() => ({ status: 200, headers: [], body: { tag: "bytes", val } }));
  checkExpected(bytes, { json: ["\u{fc}"], text: '["\u{fc}"]' });
  const wrong = [{ status: 201 }, { headers: { "x-a": "2" } }, { headers: { "x-b": "" } }, { json: { a: 2 } }, { text: "" }];
  for (const expected of wrong) assert.throws(() => checkExpected(answer, expected), JSON.stringify(expected));
});

test("fixtures that could not fail or that the host would not read are refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "tailor-fixtures-"));
  try {
    assert.throws(() => readFixtures(folder), /no fixtures/);
    const request = { path: "/" };
    const entry = { service: "a", path: "*" };
    const cases: [unknown, RegExp][] = [
      [{ request }, /: `expect` is missing/],
      [{ request, expects: { status: 200 } }, /unknown member expects/],
      [{ request, expect: { state: 200 } }, /expect: unknown member state/],
      [{ request: { url: "/" }, expect: {} }, /request: unknown member url/],
      [{ request, expect: {}, seed: null }, /: `seed` must be a whole number from 0 to 4294967295/],
      [{ request, expect: {}, downstreams: [{ ...entry, "delay-ms": null }] }, /downstreams\/0: `delay-ms` must be a whole number/],
      [{ request, expect: {}, downstreams: [{ ...entry, failure: "late" }] }, /downstreams\/0: `failure` must be one of denied, /],
      [{ request, expect: {}, downstreams: [entry] }, /downstreams\/0: needs either `reply` or `failure`/],
      [{ request, expect: {}, downstreams: [{ ...entry, failure: "timeout", reply: {} }] }, /needs either/],
      [{ request, expect: {}, downstreams: [{ ...entry, reply: { body: "" } }] }, /reply: unknown member body/],
    ];
    for (const [fixture, message] of cases) {
      writeFileSync(join(folder, "one.json"), JSON.stringify(fixture));
      assert.throws(() => readFixtures(folder), message);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the first entry that fits answers: by service, method, path, and query where it names one", () => {
  const empty = { headers: [], body: { tag: "none" }, select: [] } as const;
  const made = { service: "a", method: "post", path: "/x", query: [["q", "ü*"]], ...empty } as const;
  const reply = (text: string): { readonly reply: { readonly text: string } } => ({ reply: { text } });
  const fits = (path: string, more: object = {}, call: Call = made): boolean => {
    const first = { service: "a", path, ...reply("first"), ...more };
    const answer = run(() => shown(fetch(call).body), "/", [first, { service: "a", path: "*", ...reply("other") }]);
    return answer.text.includes("first");
  };
  for (const path of ["/x", "/x?q=%C3%BC%2A", "/x?q=*", "/*", "*"]) assert.ok(fits(path), path);
  assert.ok(fits("/x", { method: "POST" }));
  for (const path of ["/", "/x?q=1", "/y*", "/x?q=%C3%BC%2A&r"]) assert.ok(!fits(path), path);
  assert.ok(!fits("/x", { method: "GET" }));
  assert.ok(!fits("/x", { service: "b" }));
  const starred = { ...made, path: "/f/*" };
  for (const path of ["/f/\\*", "/f/*"]) assert.ok(fits(path, {}, starred), path);
  for (const path of ["\\*", "/f\\*"]) assert.ok(!fits(path, {}, starred), path);
  for (const path of ["/f/", "/f/a", "/f/**"]) assert.ok(!fits("/f/\\*", {}, { ...made, path }), path);
});

/** Calls, and what becomes of their results. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fetch, fetchAll as raw, start, type FailureKind } from "tailor:bff/downstream@0.1.1";
import {
  array, elapsedMs, fetchAll, getJson, nowMs, nullable, number, object, path, start as begin, string, timeLeftMs, waitAny,
} from "../src/index.ts";
import type { Downstream } from "../testing/index.ts";
import { ended, run, shown } from "./helpers.ts";

const steps = object({ steps: number });

/** The outcomes of one call to `service` for each of `services`. */
function outcomes(services: readonly string[], downstreams: readonly Downstream[]): unknown {
  return run(() => ended(fetchAll(...services.map((name) => getJson(name, "/x", {}, steps)))), "/", downstreams).json();
}

test("each call ends in its own way and in its own place", () => {
  const at = (service: string, status: number, json: unknown): Downstream => ({ service, path: "/x", reply: { status, json } });
  const services = ["good", "none", "gone", "busy", "odd", "slow", "empty", "text", "nowhere", "late"];
  const answers: Downstream[] = [
    at("good", 203, { steps: 1 }),
    at("none", 404, { steps: 1 }),
    at("gone", 410, null),
    at("busy", 503, { steps: 1 }),
    at("odd", 200, { steps: "1" }),
    { service: "slow", path: "*", failure: "timeout" },
    { service: "empty", path: "*", reply: { status: 200 } },
    { service: "text", path: "*", reply: { text: "<html>" } },
    { service: "late", path: "*", reply: { json: { steps: 1 } }, "delay-ms": 5000 },
  ];
  assert.deepEqual(outcomes(services, answers), [
    { kind: "value", value: { steps: 1 }, stale: false },
    { kind: "not-found" },
    { kind: "failed", reason: "status-410" },
    { kind: "failed", reason: "status-503" },
    { kind: "unreadable" },
    { kind: "failed", reason: "timeout" },
    { kind: "no-value" },
    { kind: "unreadable" },
    { kind: "failed", reason: "unreachable" },
    { kind: "failed", reason: "timeout" },
  ]);
});

test("outcomes have the types of their calls", () => {
  const answer = run(
    () => {
      const [one, other] = fetchAll(getJson("a", "/x", {}, steps), getJson("b", "/x", {}, object({ name: string })));
      const values: readonly [number, string] = [
        one.kind === "value" ? one.value.steps : 0,
        other.kind === "value" ? other.value.name : "",
      ];
      return shown(values);
    },
    "/",
    [
      { service: "a", path: "/x", reply: { json: { steps: 7 } } },
      { service: "b", path: "/x", reply: { json: { name: "n" } } },
    ],
  );
  assert.deepEqual(answer.json(), [7, "n"]);
});

test("selected values reach the decoder in their order, null where there is none", () => {
  const select = ["/zones/1/a~1b", "/no", "/null", "/zones/9"];
  const downstreams: Downstream[] = [{ service: "s", path: "/x", reply: { json: { zones: [0, { "a/b": 5 }], null: null } } }];
  const call = getJson("s", "/x", {}, array(nullable(number)), select);
  const answer = run(() => ended(fetchAll(call)), "/", downstreams);
  assert.deepEqual(answer.json(), [{ kind: "value", value: [5, null, null, null], stale: false }]);
  assert.deepEqual(answer.calls[0]?.select, select);
});

test("a value that is not there is another thing than one of another form, and than a 404", () => {
  const select = ["/steps", "/latest"];
  const pair = array(object({ bpm: number }));
  const outcome = (json: unknown, status = 200): unknown => {
    const call = getJson("s", "/x", {}, pair, select);
    return run(() => ended(fetchAll(call)), "/", [{ service: "s", path: "/x", reply: { status, json } }]).json();
  };
  assert.deepEqual(outcome({ steps: { bpm: 1 } }), [{ kind: "no-value", index: 1 }]);
  assert.deepEqual(outcome({ steps: { bpm: 1 }, latest: null }), [{ kind: "no-value", index: 1 }]);
  assert.deepEqual(outcome({ steps: { bpm: 1 }, latest: 64 }), [{ kind: "unreadable" }]);
  assert.deepEqual(outcome({ steps: { bpm: null }, latest: null }), [{ kind: "unreadable" }]);
  assert.deepEqual(outcome({}, 404), [{ kind: "not-found" }]);
});

test("what is nested too deeply is unreadable, and the call is named; what is only long is read", () => {
  const nested = (levels: number): string => `${'{"a":['.repeat(levels / 2)}"]]}}"${"]}".repeat(levels / 2)}`;
  const long = JSON.stringify(Array.from({ length: 3000 }, (_, at) => ({ at, text: '\\"[[[{{{' })));
  const texts = [nested(1000), nested(1002), "[".repeat(100_000), `["${"[".repeat(5000)}\\""]`, long];
  const whole = (value: unknown): string => typeof value;
  const kinds = texts.map((text) => {
    const services: Downstream[] = [{ service: "s", path: "*", reply: { text } }];
    const { json: read, log } = run(() => ended(fetchAll(getJson("s", "/x", {}, whole))), "/", services);
    return [(read() as readonly { readonly kind: string }[])[0]?.kind, log[0]?.fields];
  });
  const deep = ["unreadable", { service: "s", fault: "the document: more than 1000 levels" }];
  const good = ["value", undefined];
  assert.deepEqual(kinds, [good, deep, deep, good, good]);
});

test("paths are encoded, and one that the host would refuse fails alone", () => {
  const user = "a/b?c#d ü\ud800";
  const calls = run(() => shown(fetchAll(getJson("s", path`/users/${user}/days/${7}`, { from: "a b" }, steps)))).calls;
  assert.equal(calls[0]?.path, "/users/a%2Fb%3Fc%23d%20%C3%BC%EF%BF%BD/days/7");
  assert.deepEqual(calls[0]?.query, [["from", "a b"]]);

  const refused = ["//x", "/x//y", "/x?y=1", "/x/../y", "/x/%2e%2E", "x", "/ü", "/a%2fb", "/a%b", "/a\\b"];
  const any: Downstream[] = [{ service: "s", path: "*", reply: { json: { steps: 1 } } }];
  const answer = run(() => ended(fetchAll(...["/x", ...refused].map((each) => getJson("s", each, {}, steps)))), "/", any);
  const invalid = { kind: "failed", reason: "invalid" };
  assert.deepEqual(answer.json(), [{ kind: "value", value: { steps: 1 }, stale: false }, ...refused.map(() => invalid)]);
});

test("a call with a field that the host would refuse fails alone", () => {
  const call = (name: string, value = "1"): FailureKind | 200 => {
    const [result] = raw([{ service: "s", method: "get", path: "/", query: [], headers: [[name, value]], body: { tag: "none" }, select: [] }]);
    return result?.tag === "ok" ? 200 : (result?.val.kind ?? "malformed");
  };
  const names = ["authorization", "Cookie", "x-request-id", "x-forwarded-for", "content-length", "tailor-x", "bad name"];
  const any: Downstream[] = [{ service: "s", path: "*", reply: { json: 1 } }];
  const answer = run(() => shown([...names.map((name) => call(name)), call("x-a", "\u{fc}"), call("if-match"), call("date")]), "/", any);
  assert.deepEqual(answer.json(), [...names.map(() => "invalid"), "invalid", 200, 200]);
});

test("the contract itself is at hand for chains: time is counted, failures are thrown", () => {
  const common = { method: "get", query: [], headers: [], body: { tag: "none" }, select: [] } as const;
  const downstreams: Downstream[] = [
    { service: "slow", path: "*", reply: { text: "s" }, "delay-ms": 300 },
    { service: "quick", path: "/q", reply: { text: "q" }, "delay-ms": 20 },
  ];
  const answer = run(
    () => {
      const began = nowMs();
      const slow = start({ ...common, service: "slow", path: "/s" });
      const quick = fetch({ ...common, service: "quick", path: "/q" });
      const after = [nowMs() - began];
      const { body } = slow.wait();
      after.push(nowMs() - began, timeLeftMs());
      let thrown: unknown;
      try {
        slow.wait();
      } catch (fault) {
        thrown = fault instanceof Error && "payload" in fault ? fault.payload : fault;
      }
      return shown([quick.body, body, after, thrown]);
    },
    "/",
    downstreams,
  );
  const text = (val: string): unknown => ({ tag: "text", val });
  const again = { kind: "invalid", sent: false, detail: "service `slow`: invalid" };
  assert.deepEqual(answer.json(), [text("q"), text("s"), [20, 300, 1700], again]);
});

test("the first of several calls is waited for, within a limit", () => {
  const downstreams: Downstream[] = [
    { service: "slow", path: "*", reply: { json: { steps: 1 } }, "delay-ms": 300 },
    { service: "quick", path: "*", failure: "overloaded", "delay-ms": 20 },
  ];
  const answer = run(
    () => {
      const [slow, quick] = [begin(getJson("slow", "/x", {}, steps)), begin(getJson("quick", "/x", {}, steps))];
      const both = [slow, quick];
      const found: unknown[] = [waitAny(both, 0), waitAny(both, 50), elapsedMs()];
      // What was found stays found until it is taken.
      found.push(waitAny(both), quick.wait(), waitAny(both, 100), waitAny(both), elapsedMs(), slow.wait(), quick.wait());
      found.push(waitAny(both), waitAny([], 200), timeLeftMs());
      return ended(found.map((each) => each ?? null));
    },
    "/",
    downstreams,
  );
  const value = { kind: "value", value: { steps: 1 }, stale: false };
  const [failed, invalid] = ["overloaded", "invalid"].map((reason) => ({ kind: "failed", reason }));
  assert.deepEqual(answer.json(), [null, 1, 20, 1, failed, null, 0, 300, value, invalid, null, null, 1500]);
});

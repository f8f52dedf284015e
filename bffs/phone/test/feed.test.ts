/**
 * What no single fixture can show: the order of the calls, and what reaches the services and the
 * host.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callAsync, failure, reply, type Answer, type Fixture } from "@tailor/kit/testing";
import app from "../src/main.ts";

type Services = Extract<NonNullable<Fixture["downstreams"]>, (...given: never[]) => unknown>;

/** Services that know everybody. */
const services: Services = ({ service, method }) => {
  const answers: Readonly<Record<string, unknown>> = {
    profile: { name: "Ada", locale: "en-GB", time_zone: "Europe/London", units: "metric" },
    activity: { days: [], id: "w1", date: "2026-01-15", start: "07:30", kind: "run", minutes: 30 },
    heart: { days: [] },
    sleep: { nights: [] },
    goals: { goals: [] },
  };
  return service in answers ? reply(method === "post" ? 201 : 200, answers[service]) : failure("denied", service);
};

function ask(path: string, more: Partial<Fixture> = {}): Promise<Answer> {
  return callAsync(app, { request: { path }, downstreams: services, ...more });
}

test("the profile comes first, then everything else is under way at once", async () => {
  const { status, calls } = await ask("/ada/feed");
  assert.equal(status, 200);
  const range = [["from", "2026-01-09"], ["to", "2026-01-15"]];
  assert.deepEqual(calls.map(({ service, path, query }) => [service, path, query]), [
    ["profile", "/users/ada", []],
    ["activity", "/users/ada/days", range],
    ["heart", "/users/ada/days", range],
    ["sleep", "/users/ada/nights", range],
    ["goals", "/users/ada/goals", [["date", "2026-01-15"]]],
  ]);
});

test("a bad parameter asks no service", async () => {
  for (const query of ["days=0", "days=x", "days=1&days=2", "date=", "date=2026-1-5", "date=2026-01-05&date=2026-01-06"]) {
    const { status, calls } = await ask(`/ada/feed?${query}`);
    assert.deepEqual([status, calls.length], [400, 0], query);
  }
});

test("a workout keeps its key and its members on the way", async () => {
  const body = { date: "2026-01-15", start: "07:30", kind: "run", minutes: 30 };
  const headers = { "content-type": "application/json", "Idempotency-Key": "k1" };
  const { status, calls } = await ask("", { request: { method: "POST", path: "/ada/workouts", headers, body } });
  assert.equal(status, 201);
  const made = calls.find(({ method }) => method === "post");
  assert.deepEqual(made?.body, { tag: "text", val: JSON.stringify(body) });
  assert.ok(made.headers.some(([name, value]) => name === "idempotency-key" && value === "k1"));
});

test("an answer of another form is logged with its place and without its values", async () => {
  const answer = await ask("/ada/feed", {
    downstreams: (call) =>
      call.service === "heart" ? reply(200, { days: [{ date: "2026-01-15", resting_bpm: "secret" }] }) : services(call),
  });
  assert.deepEqual(answer.log, [
    { level: "warn", message: "heart: /days/0/resting_bpm: expected number, found string", fields: {} },
  ]);
});

test("the tag is that of the body: it holds for the same screen, and for no other", async () => {
  const [one, same, other] = [await ask("/ada/feed"), await ask("/ada/feed"), await ask("/ada/feed?days=2")];
  assert.match(one.headers["etag"] ?? "", /^"[0-9a-f]{40}"$/);
  assert.equal(same.headers["etag"], one.headers["etag"]);
  assert.notEqual(other.headers["etag"], one.headers["etag"]);
  const again = { path: "/ada/feed", headers: { "if-none-match": `W/${one.headers["etag"]}` } };
  assert.equal((await ask("", { request: again })).status, 304);
});

test("a fault is no answer: it reaches the host", async () => {
  await assert.rejects(ask("/ada/feed", { config: { patience_ms: "soon" } }), /^RangeError: config patience_ms is `soon`/);
});

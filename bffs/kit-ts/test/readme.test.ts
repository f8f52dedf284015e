/**
 * README.md of the repository shows an example of example/ as it is, and docs/write/typescript.md
 * parts of the others. They work: their tests are run here, from the kit's folder.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { call, callAsync, type Answer, type Downstream } from "../testing/index.ts";
import { handler as history } from "../example/src/history.ts";
import { handler as watch } from "../example/src/watch.ts";
import { handler as week } from "../example/src/week.ts";
import web from "../example/src/web.ts";
import { handler as weights } from "../example/src/weights.ts";

/** The kit's folder, which is linked into that of the BFF which uses it, where tests run. */
const KIT = realpathSync(
  [".", "node_modules/@tailor/kit"].find((folder) => existsSync(join(folder, "example"))) ?? ".",
);
const PAGE = "../../docs/write/typescript.md";
const read = (file: string): string => readFileSync(join(KIT, file), "utf8");

test("the README shows the watch face as it is", () => {
  assert.ok(read("../../README.md").includes(`\n${read("example/src/watch.ts")}\`\`\`\n`));
});

test("the page names everything that the kit exports", () => {
  const page = read(PAGE);
  const exported = [...read("src/index.ts").matchAll(/export \{([^}]*)\}/g)].flatMap((found) => (found[1] ?? "").split(","));
  const values = exported.map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type "));
  assert.ok(values.length > 20);
  assert.deepEqual(values.filter((name) => !page.includes(`\`${name}`)), []);
});

test("example: the watch face has what arrives", () => {
  const request = { path: "/ada?date=2026-01-15" };
  const downstreams = [
    { service: "activity", path: "/users/ada/days/2026-01-15", reply: { json: { steps: 10213 } } },
    { service: "heart", path: "/users/ada/days/2026-01-15", reply: { json: { latest: { bpm: 51 } } } },
  ];
  assert.deepEqual(call(watch, { request, downstreams }).json(), { steps: 10213, heart: 51, sleep: null });
  assert.equal(call(watch, { request: { path: "/ada?day=2026-01-15" } }).status, 400);
});

test("example: a table of columns", () => {
  const days = (rows: readonly unknown[]): Answer => {
    const downstreams = [{ service: "activity", path: "/users/ada/days", reply: { json: { days: rows } } }];
    return call(history, { request: { path: "/ada/steps" }, downstreams });
  };
  const rows = [{ date: "2026-01-14", steps: 8423, floors: 9 }, { steps: 10213, date: "2026-01-15" }];
  assert.deepEqual(days(rows).json(), [["2026-01-14", 8423], ["2026-01-15", 10213]]);
  const torn = days([...rows, { date: "2026-01-16" }]);
  assert.equal(torn.status, 503);
});

test("example: rows that are written from columns", () => {
  const ask = (reply: NonNullable<Downstream["reply"]>): Answer => {
    const downstreams = [{ service: "activity", path: "/users/ada/days", reply }];
    return call(week, { request: { path: "/ada/week" }, downstreams, now: "2026-01-15T06:00:00Z" });
  };
  const rows = [{ date: "2026-01-14", steps: 8423, active_minutes: 61 }, { date: "2026-01-15", steps: 12, active_minutes: 0 }];
  const text = ask({ json: { days: rows } }).text;
  assert.ok(text.startsWith('[{"date":"2026-01-15","steps":12,"active":"PT0M"},{"date":"2026-01-14","steps":8423,"active":"PT1H1M"},'));
  assert.ok(text.endsWith(',{"date":"2026-01-09","steps":null,"active":null}]'));
  assert.equal(text, JSON.stringify(JSON.parse(text)));
  assert.equal(ask({ status: 503 }).text, text.replace('12,"active":"PT0M"', 'null,"active":null').replace('8423,"active":"PT1H1M"', 'null,"active":null'));
});

test("example: in the web's way, what is slow is left out, and what is needed is handed back", async () => {
  const days = { service: "activity", path: "/users/ada/days/2026-01-15", reply: { json: { steps: 10213 } } };
  const night = { service: "sleep", path: "/users/ada/nights/2026-01-15", reply: { json: { score: 84 } } };
  const ask = (...downstreams: Downstream[]): Promise<Answer> => callAsync(web, { request: { path: "/ada" }, downstreams });
  assert.deepEqual((await ask(days, night)).json(), { steps: 10213, score: 84 });
  assert.deepEqual((await ask(days, { ...night, "delay-ms": 301 })).json(), { steps: 10213, score: null });
  assert.deepEqual((await ask(days)).json(), { steps: 10213, score: null });
  const unknown = await ask({ ...days, reply: { status: 404, json: { detail: "no user `ada`" } } }, night);
  assert.deepEqual([unknown.status, unknown.json()], [404, { detail: "no user `ada`" }]);
});

test("example: a weight is passed on once it is one, and a conflict is handed back", () => {
  const ask = (body: unknown, reply: NonNullable<Downstream["reply"]>): Answer =>
    call(weights, {
      request: { method: "POST", path: "/ada/weights", headers: { "content-type": "application/json", "idempotency-key": "k" }, body },
      downstreams: [{ service: "goals", path: "/users/ada/weights", method: "POST", reply }],
    });
  const made = ask({ kg: 61.5 }, { status: 201, json: { id: "w1" } });
  assert.deepEqual([made.status, made.text], [201, '{"id":"w1"}']);
  assert.ok(made.calls[0]?.headers.some(([name, value]) => name === "idempotency-key" && value === "k"));
  const refused = ask({ kg: 0 }, {});
  assert.deepEqual([refused.status, refused.calls.length], [400, 0]);
  const taken = ask({ kg: 61.5 }, { status: 409, json: { detail: "weighed today" } });
  assert.deepEqual([taken.status, taken.text], [409, '{"detail":"weighed today"}']);
  assert.equal(ask({ kg: 61.5 }, { status: 500 }).status, 503);
});

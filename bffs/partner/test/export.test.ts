/**
 * What no single fixture can show: a whole export, the calls behind it, and that the description is
 * true.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, failure, reply, type Answer, type Fixture } from "@tailor/kit/testing";
import { handler } from "../src/main.ts";
import openapi from "../src/openapi.json";

const PATH = "/v1/users/ada/summaries";

interface PageDocument {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly page: { readonly limit: number; readonly next: string | null };
  readonly incomplete: readonly string[];
}

/** Services that know every day. */
const services: Fixture["downstreams"] = (call) => {
  const { from = "", to = "" } = Object.fromEntries(call.query);
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10));
  const rows = {
    activity: { steps: 1, distance_m: 2, active_minutes: 3, calories_kcal: 4, floors: 5 },
    heart: { resting_bpm: 6, min_bpm: 7, max_bpm: 8, average_bpm: 9 },
    sleep: { asleep_minutes: 10, in_bed_minutes: 11, efficiency_percent: 12, score: 13 },
  };
  const row = Object.entries(rows).find(([name]) => name === call.service)?.[1];
  if (row === undefined) return failure("denied", call.service);
  return reply(200, { [call.service === "sleep" ? "nights" : "days"]: days.map((date) => ({ date, ...row })) });
};

function ask(query: string, downstreams: Fixture["downstreams"] = services): Answer {
  return call(handler, { request: { path: `${PATH}?${query}` }, downstreams: downstreams ?? [] });
}

function document(answer: Answer): PageDocument {
  assert.equal(answer.status, 200, answer.text);
  return answer.json() as PageDocument;
}

/** The dates of all pages, following the `link` header as a client does. */
function follow(first: string): { readonly dates: unknown[]; readonly sizes: number[] } {
  const dates: unknown[] = [];
  const sizes: number[] = [];
  for (let query: string | undefined = first; query !== undefined; ) {
    const answer = ask(query);
    const { data, page } = document(answer);
    dates.push(...data.map((row) => row["date"]));
    sizes.push(data.length);
    const link: string | undefined = answer.headers["link"];
    assert.equal(link === undefined, page.next === null);
    query = link === undefined ? undefined : /^<\?(.*)>; rel="next"$/.exec(link)?.[1];
    if (page.next !== null) assert.ok(query?.endsWith(`&cursor=${page.next}`), link);
  }
  return { dates, sizes };
}

test("following the links gives each day of a leap year once and in order", () => {
  const { dates, sizes } = follow("from=2027-03-01&to=2028-02-29&limit=100");
  assert.deepEqual(sizes, [100, 100, 100, 66]);
  assert.equal(new Set(dates).size, 366);
  assert.deepEqual(dates, [...dates].sort());
  assert.deepEqual([dates[0], dates.at(-1)], ["2027-03-01", "2028-02-29"]);
});

test("a page that ends with the range has no next, at any limit", () => {
  assert.deepEqual(follow("from=2026-01-01&to=2026-01-30").sizes, [30]);
  assert.deepEqual(follow("from=2026-01-01&to=2026-01-31").sizes, [30, 1]);
  assert.deepEqual(follow("from=2026-01-01&to=2026-01-01&limit=1").sizes, [1]);
  assert.deepEqual(follow("from=1969-12-30&to=1970-01-02&limit=3").sizes, [3, 1]);
});

test("the limit may change on the way", () => {
  const first = document(ask("from=2026-01-01&to=2026-01-31&limit=10"));
  const second = document(ask(`from=2026-01-01&to=2026-01-31&limit=20&cursor=${first.page.next}`));
  assert.deepEqual([second.data[0]?.["date"], second.data.length, second.page.next === null], ["2026-01-11", 20, false]);
});

test("a page asks each service once, for its own dates, and for nothing where a parameter is bad", () => {
  const made = ask("from=2026-01-01&to=2026-03-31&limit=5").calls.map(({ service, path, query }) => [service, path, query]);
  const query = [["from", "2026-01-01"], ["to", "2026-01-05"]];
  assert.deepEqual(made, [
    ["activity", "/users/ada/days", query],
    ["heart", "/users/ada/days", query],
    ["sleep", "/users/ada/nights", query],
  ]);
  assert.equal(ask("from=2026-01-01&to=2026-03-31&limit=0").calls.length, 0);
});

test("cursors that were never given are refused, however close they come", () => {
  const good = document(ask("from=2026-01-01&to=2026-01-31&limit=10")).page.next ?? "";
  const forged = [
    good.toUpperCase(),
    `${good} `,
    `0${good}`,
    `2${good.slice(1)}`,
    good.replace(/[^.]*$/, "zzzzzzzzzz"),
    good.replace(/[^.]*$/, ""),
    good.replace(/[^.]*$/, "NaN"),
    good.replace(/[^.]*$/, good.split(".")[1] ?? ""),
    "1.zzzzzzzz.zzzzzzzz.zzzzzzzz",
    "x".repeat(65),
  ];
  for (const cursor of forged) {
    const answer = ask(`from=2026-01-01&to=2026-01-31&cursor=${encodeURIComponent(cursor)}`);
    assert.equal(answer.status, 400, cursor);
    assert.equal((answer.json() as { parameter: string }).parameter, "cursor");
    assert.equal(answer.calls.length, 0);
  }
});

test("a page with an old part is whole but not kept", () => {
  const answer = ask("from=2026-01-01&to=2026-01-02", (made) => {
    const given = typeof services === "function" ? services(made) : failure("denied", made.service);
    return made.service === "heart" && "source" in given ? { ...given, source: "stale" } : given;
  });
  assert.deepEqual(document(answer).incomplete, []);
  assert.equal(answer.headers["cache-control"], "no-store");
});

test("a service that says gone (410) is as one that knows nothing (404), and the reasons keep their words", () => {
  const ending = (of: Readonly<Record<string, number>>): Answer =>
    ask("from=2026-01-01&to=2026-01-01", (made) => reply(of[made.service] ?? 200, { days: "many" }));
  assert.equal(ending({ activity: 404, heart: 410, sleep: 404 }).status, 404);
  const { status, text } = ending({ activity: 410, heart: 502 });
  assert.equal(status, 503);
  assert.ok(text.includes('"no part is available: activity (absent), heart (status-502), sleep (malformed)"'), text);

  const page = ask("from=2026-01-01&to=2026-01-01", (made) =>
    made.service === "sleep" && typeof services === "function" ? services(made) : reply(made.service === "heart" ? 410 : 200, {}),
  );
  assert.deepEqual(document(page).incomplete, ["activity"]);
});

test("an answer of another form is logged with its place and without its values", () => {
  const answer = ask("from=2026-01-01&to=2026-01-01", (made) =>
    reply(200, made.service === "activity" ? { days: [{ date: "2026-01-01", steps: "secret" }] } : { days: [], nights: [] }),
  );
  assert.deepEqual(document(answer).incomplete, ["activity"]);
  assert.deepEqual(answer.log, [
    {
      level: "warn",
      message: "answer is not as expected",
      fields: { service: "activity", fault: "/days/0/steps: expected number, found string" },
    },
  ]);
});

test("the description names the members of a summary and the parameters, and no others", () => {
  const { Summary } = openapi.components.schemas;
  const [row = {}] = document(ask("from=2026-01-01&to=2026-01-01")).data;
  assert.deepEqual(Summary.required, Object.keys(row));
  assert.deepEqual(Object.keys(Summary.properties), Object.keys(row));

  const operation = openapi.paths["/v1/users/{user}/summaries"].get;
  const described = operation.parameters.filter((each) => each.in === "query").map((each) => `\`${each.name}\``);
  const { allowed } = ask("else=1").json() as { readonly allowed: string };
  assert.equal(allowed, `only the parameters ${described.join(", ")}`);
});

test("the description is served as it is, without parameters", () => {
  const answer = call(handler, { request: { path: "/v1/openapi.json" } });
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
  assert.deepEqual(answer.json(), openapi);
  assert.equal(call(handler, { request: { path: "/v1/openapi.json?v=2" } }).status, 400);
});

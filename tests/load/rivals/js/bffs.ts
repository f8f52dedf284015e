/**
 * The example BFFs as plain JavaScript programs have them: asynchronous, on whatever fetches.
 * `partner` is that of `bffs/partner`: its parameters, decoders and summaries, with the calls
 * awaited.
 */
import { formatDate, type JsonCall, type Outcome } from "@tailor/kit";
import { cursorOf } from "../../../../bffs/partner/src/cursor.ts";
import { readPage } from "../../../../bffs/partner/src/page.ts";
import { activityDays, heartDays, nights } from "../../../../bffs/partner/src/sources.ts";
import { summariesOf, type Tables } from "../../../../bffs/partner/src/summary.ts";

/** The JSON text at a path of a service; rejects when it does not answer with 200. */
export type Get = (service: string, path: string) => Promise<string>;

/** An answer, with header fields by their names. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const MS_PER_DAY = 86_400_000;

/** Answers a GET. `target` is path and query. */
export async function answer(target: string, get: Get): Promise<Answer> {
  const [path = "", query = ""] = target.split("?");
  const [, bff, ...rest] = path.split("/");
  const user = rest.at(bff === "partner" ? 2 : 0) ?? "";
  switch (bff) {
    case "noop":
      return { status: 200, headers: { "content-type": "text/plain", "cache-control": "no-store" }, body: "hello" };
    case "watch":
      return watch(user, new URLSearchParams(query), get);
    case "dashboard":
      return dashboard(user, new URLSearchParams(query), get);
    case "partner":
      return partner(user, new URLSearchParams(query), get);
    default:
      return { status: 404, headers: {}, body: "" };
  }
}

function json(value: unknown, keep: string, more: Readonly<Record<string, string>> = {}): Answer {
  return jsonText(JSON.stringify(value), keep, more);
}

function jsonText(body: string, keep: string, more: Readonly<Record<string, string>>): Answer {
  const headers = { "content-type": "application/json", "cache-control": keep, ...more };
  return { status: 200, headers, body };
}

function day(query: URLSearchParams): string {
  return query.get("date") ?? new Date().toISOString().slice(0, 10);
}

/** What arrived, or `null` and a note of what did not. */
async function part(name: string, missing: string[], value: Promise<string>): Promise<any> {
  try {
    return JSON.parse(await value);
  } catch {
    missing.push(name);
    return null;
  }
}

async function watch(user: string, query: URLSearchParams, get: Get): Promise<Answer> {
  const date = day(query);
  const missing: string[] = [];
  const [activity, heart, sleep] = await Promise.all([
    part("steps", missing, get("activity", `/users/${user}/days/${date}`)),
    part("heart", missing, get("heart", `/users/${user}/days/${date}`)),
    part("sleep", missing, get("sleep", `/users/${user}/nights/${date}`)),
  ]);
  const face = {
    steps: activity?.steps ?? null,
    heart: heart?.latest?.bpm ?? null,
    sleep: sleep?.asleep_minutes ?? null,
  };
  return json(face, missing.length === 0 ? "private, max-age=30" : "no-store", { vary: "accept" });
}

async function dashboard(user: string, query: URLSearchParams, get: Get): Promise<Answer> {
  const date = day(query);
  const to = Date.parse(date) / MS_PER_DAY;
  const from = to - 89;
  const missing: string[] = [];
  const [profile, goals, days, heart, sleep, today] = await Promise.all([
    part("profile", missing, get("profile", `/users/${user}`)),
    part("goals", missing, get("goals", `/users/${user}/goals?date=${date}`)),
    part("history", missing, get("activity", `/users/${user}/days?from=${formatDate(from)}&to=${date}`)),
    part("heart", missing, get("heart", `/users/${user}/days/${date}`)),
    part("sleep", missing, get("sleep", `/users/${user}/nights/${date}`)),
    part("today", missing, get("activity", `/users/${user}/days/${date}`)),
  ]);
  const screen = {
    user,
    date,
    range: "90d",
    profile: profile && pick(profile, ["name", "avatar_url", "locale", "time_zone", "units"]),
    goals: goals && goals.goals.map((goal: any) => pick(goal, GOAL)),
    history: days && history(days.days, from, to),
    heart: heart && {
      latest: heart.latest && pick(heart.latest, ["at", "bpm"]),
      resting_bpm: heart.resting_bpm,
      zones: heart.zones.map((zone: any) => pick(zone, ["name", "from_bpm", "to_bpm", "minutes"])),
    },
    sleep: sleep && {
      ...pick(sleep, ["start", "end", "asleep_minutes", "in_bed_minutes", "efficiency_percent", "score"]),
      phases: sleep.phases.map((phase: any) => [phase.phase, phase.minutes]),
    },
    today: today && pick(today, TODAY),
    missing: missing.map((name) => ({ part: name, why: "unreachable" })),
  };
  return json(screen, missing.length === 0 ? "private, max-age=60" : "no-store");
}

const GOAL = ["id", "title", "target", "current", "unit", "progress_percent", "reached"];
const TODAY = ["steps", "distance_m", "active_minutes", "calories_kcal", "floors", "hourly_steps"];

function pick(value: any, keys: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const key of keys) picked[key] = value[key] ?? null;
  return picked;
}

/** The mean of three days each, rounded. */
function history(days: readonly any[], from: number, to: number): unknown {
  const points = (key: string): (number | null)[] => {
    const sums = Array.from({ length: 30 }, () => ({ sum: 0, known: 0 }));
    for (const day of days) {
      const point = sums[Math.floor((Date.parse(day.date) / MS_PER_DAY - from) / 3)];
      if (point === undefined) continue;
      point.sum += day[key];
      point.known += 1;
    }
    return sums.map(({ sum, known }) => (known > 0 ? Math.floor((sum + Math.floor(known / 2)) / known) : null));
  };
  return {
    from: formatDate(from),
    to: formatDate(to),
    days_per_point: 3,
    steps: points("steps"),
    distance_m: points("distance_m"),
    active_minutes: points("active_minutes"),
  };
}

async function partner(user: string, query: URLSearchParams, get: Get): Promise<Answer> {
  const page = readPage([...query]);
  const [activity, heart, sleep] = await Promise.all([
    decoded(activityDays(user, page.first, page.last), get),
    decoded(heartDays(user, page.first, page.last), get),
    decoded(nights(user, page.first, page.last), get),
  ]);
  const parts: Readonly<Record<string, Outcome<unknown>>> = { activity, heart, sleep };
  const incomplete = Object.keys(parts).filter((name) => parts[name]?.kind === "failed");
  const next = page.last < page.to ? cursorOf(page.from, page.to, page.last + 1) : null;
  const tables: Tables = { activity: valueOf(activity), heart: valueOf(heart), sleep: valueOf(sleep) };
  const dates = Array.from({ length: page.last - page.first + 1 }, (_, index) => formatDate(page.first + index));
  const rest = JSON.stringify({ page: { limit: page.limit, next }, incomplete });
  const document = `{"data":${summariesOf(dates, tables)},${rest.slice(1)}`;
  const from = formatDate(page.from);
  const to = formatDate(page.to);
  const link = next && `<?from=${from}&to=${to}&limit=${page.limit}&cursor=${next}>; rel="next"`;
  const keep = incomplete.length > 0 ? "no-store" : "private, max-age=60";
  return jsonText(document, keep, link === null ? {} : { link });
}

function valueOf<T>(part: Outcome<T>): T | undefined {
  return part.kind === "value" ? part.value : undefined;
}

async function decoded<T>(call: JsonCall<T>, get: Get): Promise<Outcome<T>> {
  const query = call.query.map(([name, value]) => `${name}=${value}`).join("&");
  try {
    const document: unknown = JSON.parse(await get(call.service, `${call.path}?${query}`));
    const picked = call.select.map((pointer) => column(document, pointer));
    return { kind: "value", value: call.decode(picked), stale: false };
  } catch {
    return { kind: "failed", reason: "unreachable" };
  }
}

/** The column at a pointer such as `/days/*\/steps`, which tailor's host picks. */
function column(document: unknown, pointer: string): unknown[] {
  const [, list = "", , member = ""] = pointer.split("/");
  const rows = (document as Record<string, Record<string, unknown>[]>)[list] ?? [];
  return rows.map((row) => row[member] ?? null);
}

/**
 * `GET /v1/users/{user}/summaries`: one page of days, each tailored from three services, and the
 * way to the next page.
 */
import {
  fetchAll, formatDate, jsonText, Problem, unavailable, why, type Outcome, type Request, type Response,
} from "@tailor/kit";
import { cursorOf } from "./cursor.ts";
import { readPage, type Page } from "./page.ts";
import { activityDays, heartDays, nights } from "./sources.ts";
import { summariesOf, type Tables } from "./summary.ts";

/**
 * Answers a page, or throws a `Problem`: 400 for parameters, 404 if no service knows the user, 503
 * if none answered.
 */
export function summaries(request: Request, { user }: { readonly user: string }): Response {
  const page = readPage(request.query);
  const [activity, heart, sleep] = fetchAll(
    activityDays(user, page.first, page.last),
    heartDays(user, page.first, page.last),
    nights(user, page.first, page.last),
  );
  const parts: Parts = { activity, heart, sleep };
  refuseEmpty(parts, user, page);

  const incomplete = Object.entries(parts).flatMap(([name, part]) => (part.kind === "value" || isGone(part) ? [] : [name]));
  const next = page.last < page.to ? cursorOf(page.from, page.to, page.last + 1) : null;
  const tables: Tables = { activity: valueOf(activity), heart: valueOf(heart), sleep: valueOf(sleep) };
  const dates = Array.from({ length: page.last - page.first + 1 }, (_, index) => formatDate(page.first + index));
  const rest = JSON.stringify({ page: { limit: page.limit, next }, incomplete });
  const document = `{"data":${summariesOf(dates, tables)},${rest.slice(1)}`;
  // A page with a gap or an old part must not outlive the trouble that made it.
  const passing = incomplete.length > 0 || Object.values(parts).some((part) => part.kind === "value" && part.stale);
  const caching = ["cache-control", passing ? "no-store" : "private, max-age=60"] as const;
  return jsonText(document, next === null ? [caching] : [caching, ["link", nextLink(page, next)]]);
}

/** How each service's call ended, by its name. */
type Parts = Readonly<Record<string, Outcome<unknown>>>;

/**
 * Throws if there is not one part to show: nulls alone would look like a user who recorded nothing.
 * 404 takes all services to agree: a partner may delete what it holds of a user who is gone, so one
 * silent service makes it a 503.
 */
function refuseEmpty(parts: Parts, user: string, page: Page): void {
  const outcomes = Object.values(parts);
  if (outcomes.some((part) => part.kind === "value")) return;
  if (outcomes.every(isGone)) {
    const days = `${formatDate(page.first)} to ${formatDate(page.last)}`;
    throw new Problem(404, `no user \`${user}\`, or no data kept for ${days}`);
  }
  const reasons = Object.entries(parts).map(([name, part]) => `${name} (${word(part)})`);
  throw unavailable(`no part is available: ${reasons.join(", ")}`);
}

/** Whether the service says that it holds nothing, now (404) or any more (410). */
function isGone(part: Outcome<unknown>): boolean {
  return part.kind === "not-found" || (part.kind === "failed" && part.reason === "status-410");
}

/** The reason for a missing part in the words that partners know. */
function word(part: Outcome<unknown>): string {
  if (part.kind === "value") return part.kind;
  if (isGone(part)) return "absent";
  return part.kind === "unreadable" || part.kind === "no-value" ? "malformed" : why(part);
}

function valueOf<T>(part: Outcome<T>): T | undefined {
  return part.kind === "value" ? part.value : undefined;
}

/** The query alone (RFC 3986, 4.2), since only the host knows the path's prefix. */
function nextLink(page: Page, cursor: string): string {
  const from = formatDate(page.from);
  const to = formatDate(page.to);
  return `<?from=${from}&to=${to}&limit=${page.limit}&cursor=${cursor}>; rel="next"`;
}

/** `GET /v1/users/{user}/summaries`: one page of days, each tailored from three services, and the way to the next page. */
import { fetchAll, formatDate, json, Problem, type Outcome, type Request, type Response } from "@tailor/kit";
import { cursorOf } from "./cursor.ts";
import { readPage, type Page } from "./page.ts";
import { activityDays, heartDays, nights } from "./sources.ts";
import { summary } from "./summary.ts";

/** Answers a page, or throws a `Problem`: 400 for parameters, 404 if no service knows the user, 503 if none answered. */
export function summaries(request: Request, { user }: { readonly user: string }): Response {
  const page = readPage(request.query);
  const [activity, heart, sleep] = fetchAll(
    activityDays(user, page.first, page.last),
    heartDays(user, page.first, page.last),
    nights(user, page.first, page.last),
  );
  const parts: Parts = { activity, heart, sleep };
  refuseEmpty(parts, user, page);

  const incomplete = Object.keys(parts).filter((name) => parts[name]?.kind === "failed");
  const next = page.last < page.to ? cursorOf(page.from, page.to, page.last + 1) : null;
  const document = {
    data: Array.from({ length: page.last - page.first + 1 }, (_, index) => {
      const day = formatDate(page.first + index);
      return summary(day, dayOf(activity, day), dayOf(heart, day), dayOf(sleep, day));
    }),
    page: { limit: page.limit, next },
    incomplete,
  };
  // A page with a gap or an old part must not outlive the trouble that made it.
  const passing = incomplete.length > 0 || Object.values(parts).some((part) => part.kind === "value" && part.stale);
  const caching = ["cache-control", passing ? "no-store" : "private, max-age=60"] as const;
  return json(document, next === null ? [caching] : [caching, ["link", nextLink(page, next)]]);
}

/** How each service's call ended, by its name. */
type Parts = Readonly<Record<string, Outcome<unknown>>>;

/**
 * Throws if there is not one part to show: nulls alone would look like a user who recorded nothing. 404 takes all services
 * to agree: a partner may delete what it holds of a user who is gone, so one silent service makes it a 503.
 */
function refuseEmpty(parts: Parts, user: string, page: Page): void {
  const outcomes = Object.values(parts);
  if (outcomes.some((part) => part.kind === "value")) return;
  if (outcomes.every((part) => part.kind === "absent")) {
    const days = `${formatDate(page.first)} to ${formatDate(page.last)}`;
    throw new Problem(404, `no user \`${user}\`, or no data kept for ${days}`);
  }
  const reasons = Object.entries(parts).map(([name, part]) => `${name} (${part.kind === "failed" ? part.reason : part.kind})`);
  throw new Problem(503, `no part is available: ${reasons.join(", ")}`, { headers: [["retry-after", "5"]] });
}

function dayOf<T>(part: Outcome<ReadonlyMap<string, T>>, day: string): T | undefined {
  return part.kind === "value" ? part.value.get(day) : undefined;
}

/** The query alone (RFC 3986, 4.2), since only the host knows the path's prefix. */
function nextLink(page: Page, cursor: string): string {
  const from = formatDate(page.from);
  const to = formatDate(page.to);
  return `<?from=${from}&to=${to}&limit=${page.limit}&cursor=${cursor}>; rel="next"`;
}

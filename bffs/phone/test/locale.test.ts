/** What the screen says to users of several languages, and to those whose profile makes no sense. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callAsync, reply } from "@tailor/kit/testing";
import type { Feed } from "../src/feed.ts";
import app from "../src/main.ts";

/** The last day of the feed, and the share of the goal, for a user with this profile. */
async function row(locale: string, timeZone = "UTC", units = "metric"): Promise<readonly (string | null | undefined)[]> {
  const answers: Readonly<Record<string, (date: string) => unknown>> = {
    profile: () => ({ name: "Ada", locale, time_zone: timeZone, units }),
    activity: (date) => ({ days: [{ date, steps: 10_204, distance_m: 7410 }] }),
    heart: () => ({ days: [] }),
    sleep: (date) => ({ nights: [{ date, asleep_minutes: 428 }] }),
    goals: () => ({ goals: [{ title: "Steps", progress_percent: 96, reached: false }] }),
  };
  const answer = await callAsync(app, {
    request: { path: "/ada/feed?days=1" },
    now: "2026-01-15T22:30:00Z",
    downstreams: ({ service, query }) => {
      const date = query.find(([name]) => name === "to")?.[1] ?? "";
      return reply(200, answers[service]?.(date));
    },
  });
  const { days, next_goal: goal } = answer.json() as Feed;
  const [day] = days;
  return [day?.date, day?.title, day?.steps, day?.distance, day?.sleep, goal?.progress];
}

/** With kinds of spaces folded: their choice is that of the release of the data. */
function folded(texts: readonly (string | null | undefined)[]): readonly string[] {
  return texts.map((text) => String(text).replaceAll(/\s/g, " "));
}

for (const [locale, ...texts] of [
  ["en-GB", "Thursday 15 January", "10,204", "7.4 km", "7:08", "96%"],
  ["en-US", "Thursday, January 15", "10,204", "7.4 km", "7:08", "96%"],
  ["de-DE", "Donnerstag, 15. Januar", "10.204", "7,4 km", "7:08", "96 %"],
  ["fr-FR", "jeudi 15 janvier", "10 204", "7,4 km", "7:08", "96 %"],
  ["ja-JP", "1月15日木曜日", "10,204", "7.4 km", "7:08", "96%"],
] as const) {
  test(`${locale} has its own words and signs`, async () => {
    assert.deepEqual(folded(await row(locale)), ["2026-01-15", ...texts]);
  });
}

test("a user without a known language reads English", async () => {
  const english = await row("en-GB");
  for (const locale of ["xx-XX", "de_DE", "", "not a locale"]) assert.deepEqual(await row(locale), english, locale);
  // It is the language that is taken of a tag, and nothing else.
  assert.deepEqual(await row("de-DE-u-ca-buddhist-nu-thai"), await row("de-DE"));
});

test("today is the user's own, and distances have the user's units", async () => {
  const [tokyo] = await row("en-GB", "Asia/Tokyo");
  const [nowhere] = await row("en-GB", "Europe/Nowhere");
  assert.deepEqual([tokyo, nowhere], ["2026-01-16", "2026-01-15"]);
  assert.equal((await row("en-US", "UTC", "imperial"))[3], "4.6 mi");
});

/**
 * `GET /{user}/feed`: the last days, as the phone shows them. First comes the profile: which day is
 * the user's today, and how it is written. Then come all services at once.
 */
import { array, boolean, formatDate, number, object, parseDate, Problem, string } from "@tailor/kit";
import { today, writerFor, type Writer } from "./locale.ts";
import { part, type Part } from "./parts.ts";
import { profileOf } from "./profile.ts";
import type { Range } from "./read.ts";

const daysOf = object({ days: array(object({ date: string, steps: number, distance_m: number })) });
const heartOf = object({ days: array(object({ date: string, resting_bpm: number })) });
const nightsOf = object({ nights: array(object({ date: string, asleep_minutes: number })) });
const goalsOf = object({ goals: array(object({ title: string, progress_percent: number, reached: boolean })) });

type Goal = ReturnType<typeof goalsOf>["goals"][number];

/** What the phone shows. */
export interface Feed {
  readonly name: string | null;
  readonly locale: string;
  readonly next_goal: { readonly title: string; readonly progress: string } | null;
  readonly days: readonly Day[];
  /** The parts that are not here, and why. */
  readonly left_out: readonly { readonly part: string; readonly why: string }[];
}

/** A row, written out. */
interface Day {
  readonly date: string;
  readonly title: string;
  readonly steps: string | null;
  readonly distance: string | null;
  readonly resting_bpm: string | null;
  readonly sleep: string | null;
}

/**
 * The feed. No part has longer than `patience` milliseconds: what is slower is left out. Throws a
 * `Problem`: 404 for an unknown user, 503 if there is nothing to show.
 */
export async function feed(user: string, range: Range, patience: number): Promise<Feed> {
  const { profile, found } = await profileOf(user, AbortSignal.timeout(patience));
  const write = writerFor(profile.locale, profile.units);
  const dates = datesOf(range.last ?? today(profile.time_zone), range.days);

  const [last = "", first = last] = [dates[0], dates.at(-1)];
  const at = `users/${encodeURIComponent(user)}`;
  const soon = AbortSignal.timeout(patience);
  const [activity, heart, sleep, goals] = await Promise.all([
    part(`http://activity/${at}/days?from=${first}&to=${last}`, daysOf, soon),
    part(`http://heart/${at}/days?from=${first}&to=${last}`, heartOf, soon),
    part(`http://sleep/${at}/nights?from=${first}&to=${last}`, nightsOf, soon),
    part(`http://goals/${at}/goals?date=${last}`, goalsOf, soon),
  ]);
  const leftOut = gaps({ profile: found, activity, heart, sleep, goals });
  if (![activity, heart, sleep].some((each) => "value" in each)) throw nothing(leftOut);

  const steps = byDate("value" in activity ? activity.value.days : []);
  const beats = byDate("value" in heart ? heart.value.days : []);
  const nights = byDate("value" in sleep ? sleep.value.nights : []);
  return {
    name: profile.name === "" ? null : profile.name,
    locale: profile.locale,
    next_goal: "value" in goals ? nextGoal(goals.value.goals, write) : null,
    days: dates.map((date): Day => {
      const [walked, beat, night] = [steps.get(date), beats.get(date), nights.get(date)];
      return {
        date,
        title: write.day(date),
        steps: walked === undefined ? null : write.count(walked.steps),
        distance: walked === undefined ? null : write.distance(walked.distance_m),
        resting_bpm: beat === undefined ? null : write.count(beat.resting_bpm),
        sleep: night === undefined ? null : write.time(night.asleep_minutes),
      };
    }),
    left_out: leftOut,
  };
}

/** The days up to `last`, the last one first. */
function datesOf(last: string, count: number): readonly string[] {
  const day = parseDate(last) ?? 0;
  return Array.from({ length: count }, (_, index) => formatDate(day - index));
}

/** Of the goals that are still open, the one with the least left to do. */
function nextGoal(goals: readonly Goal[], write: Writer): Feed["next_goal"] {
  const [next] = goals.filter(({ reached }) => !reached).sort((one, other) => other.progress_percent - one.progress_percent);
  return next === undefined ? null : { title: next.title, progress: write.percent(next.progress_percent) };
}

function gaps(parts: Readonly<Record<string, Part<unknown>>>): Feed["left_out"] {
  return Object.entries(parts).flatMap(([name, each]) => ("why" in each ? [{ part: name, why: each.why }] : []));
}

function nothing(leftOut: Feed["left_out"]): Problem {
  const reasons = leftOut.map(({ part: name, why }) => `${name} (${why})`);
  return new Problem(503, `nothing to show: ${reasons.join(", ")}`, { headers: [["retry-after", "5"]] });
}

function byDate<T extends { readonly date: string }>(days: readonly T[]): ReadonlyMap<string, T> {
  return new Map(days.map((day) => [day.date, day]));
}

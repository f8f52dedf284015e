/**
 * The calls behind a page, one for each service, and what is read of their answers: days by date.
 */
import { array, formatDate, getJson, number, object, path, string, type Decoder, type JsonCall } from "@tailor/kit";

/** A day of the service `activity`. */
export interface ActivityDay {
  readonly date: string;
  readonly steps: number;
  readonly distance_m: number;
  readonly active_minutes: number;
  readonly calories_kcal: number;
  readonly floors: number;
}

/** A day of the service `heart`. */
export interface HeartDay {
  readonly date: string;
  readonly resting_bpm: number;
  readonly min_bpm: number;
  readonly max_bpm: number;
  readonly average_bpm: number;
}

/** A night of the service `sleep`, by the date on which it ends. */
export interface Night {
  readonly date: string;
  readonly asleep_minutes: number;
  readonly in_bed_minutes: number;
  readonly efficiency_percent: number;
  readonly score: number;
}

const activityDay: Decoder<ActivityDay> = object({
  date: string,
  steps: number,
  distance_m: number,
  active_minutes: number,
  calories_kcal: number,
  floors: number,
});

const heartDay: Decoder<HeartDay> = object({
  date: string,
  resting_bpm: number,
  min_bpm: number,
  max_bpm: number,
  average_bpm: number,
});

const night: Decoder<Night> = object({
  date: string,
  asleep_minutes: number,
  in_bed_minutes: number,
  efficiency_percent: number,
  score: number,
});

const activityRange = object({ days: array(activityDay) });
const heartRange = object({ days: array(heartDay) });
const sleepRange = object({ nights: array(night) });

/** The user's activity from day `first` to day `last`. */
export function activityDays(user: string, first: number, last: number): JsonCall<ReadonlyMap<string, ActivityDay>> {
  const decode: Decoder<ReadonlyMap<string, ActivityDay>> = (value) => byDate(activityRange(value).days);
  return getJson("activity", path`/users/${user}/days`, range(first, last), decode);
}

/** The user's heart rates from day `first` to day `last`. */
export function heartDays(user: string, first: number, last: number): JsonCall<ReadonlyMap<string, HeartDay>> {
  const decode: Decoder<ReadonlyMap<string, HeartDay>> = (value) => byDate(heartRange(value).days);
  return getJson("heart", path`/users/${user}/days`, range(first, last), decode);
}

/** The user's nights that end from day `first` to day `last`. */
export function nights(user: string, first: number, last: number): JsonCall<ReadonlyMap<string, Night>> {
  const decode: Decoder<ReadonlyMap<string, Night>> = (value) => byDate(sleepRange(value).nights);
  return getJson("sleep", path`/users/${user}/nights`, range(first, last), decode);
}

function range(first: number, last: number): Readonly<Record<string, string>> {
  return { from: formatDate(first), to: formatDate(last) };
}

function byDate<T extends { readonly date: string }>(days: readonly T[]): ReadonlyMap<string, T> {
  const byDate = new Map<string, T>();
  for (const day of days) byDate.set(day.date, day);
  return byDate;
}

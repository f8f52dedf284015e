/**
 * The calls behind a page, one for each service, and what is read of their answers. The host picks
 * the columns, so that what is not shown never comes in here.
 */
import { columns, formatDate, getJson, number, path, string, type JsonCall } from "@tailor/kit";

/** Days of the service `activity`. */
export type Activity = ReturnType<typeof activity.decode>;

/** Days of the service `heart`. */
export type Heart = ReturnType<typeof heart.decode>;

/** Nights of the service `sleep`, by the date on which they end. */
export type Sleep = ReturnType<typeof sleep.decode>;

export const activity = columns("/days", {
  date: string,
  steps: number,
  distance_m: number,
  active_minutes: number,
  calories_kcal: number,
  floors: number,
});

export const heart = columns("/days", {
  date: string,
  resting_bpm: number,
  min_bpm: number,
  max_bpm: number,
  average_bpm: number,
});

export const sleep = columns("/nights", {
  date: string,
  asleep_minutes: number,
  in_bed_minutes: number,
  efficiency_percent: number,
  score: number,
});

/** The user's activity from day `first` to day `last`. */
export function activityDays(user: string, first: number, last: number): JsonCall<Activity> {
  return getJson("activity", path`/users/${user}/days`, range(first, last), activity.decode, activity.select);
}

/** The user's heart rates from day `first` to day `last`. */
export function heartDays(user: string, first: number, last: number): JsonCall<Heart> {
  return getJson("heart", path`/users/${user}/days`, range(first, last), heart.decode, heart.select);
}

/** The user's nights that end from day `first` to day `last`. */
export function nights(user: string, first: number, last: number): JsonCall<Sleep> {
  return getJson("sleep", path`/users/${user}/nights`, range(first, last), sleep.decode, sleep.select);
}

function range(first: number, last: number): Readonly<Record<string, string>> {
  return { from: formatDate(first), to: formatDate(last) };
}

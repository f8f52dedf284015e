/**
 * What the phone sends, for Hono's validators: each gives a value, or throws the 400 that says why
 * not.
 */
import { badField, badParameter, DecodeError, number, object, parseDate, Problem, string } from "@tailor/kit";

/** Days of the feed, the last one first. */
export interface Range {
  /** `undefined` is the user's today. */
  readonly last: string | undefined;
  readonly days: number;
}

const MOST_DAYS = 14;

/** `?date=2026-01-15&days=7`, both optional. */
export function readRange({ date, days = "7" }: Readonly<Record<string, string | string[]>>): Range {
  if (date !== undefined && (typeof date !== "string" || parseDate(date) === undefined)) {
    throw badParameter("date", String(date), "a date, YYYY-MM-DD");
  }
  const count = typeof days === "string" && /^\d{1,2}$/.test(days) ? Number(days) : 0;
  if (count < 1 || count > MOST_DAYS) throw badParameter("days", String(days), `a number from 1 to ${MOST_DAYS}`);
  return { last: date, days: count };
}

/** The phone's own name for a piece of work, the same for its repetitions. */
export function readKey({ "idempotency-key": key }: Readonly<Record<string, string>>): string {
  if (key !== undefined) return key;
  // A phone repeats what timed out: without a key that would be a second workout.
  throw new Problem(400, "header `idempotency-key` is missing; allowed: 1 to 64 characters, the same for repetitions only");
}

const workout = object({ date: string, start: string, kind: string, minutes: number });
export type Workout = ReturnType<typeof workout>;

/** The form of a workout. What makes a good one is the service's business. */
export function readWorkout(value: unknown): Workout {
  try {
    return workout(value);
  } catch (error) {
    if (error instanceof DecodeError) throw badField(error.at, error.what);
    throw error;
  }
}

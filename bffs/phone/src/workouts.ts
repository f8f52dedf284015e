/**
 * `POST /{user}/workouts`: logs a workout, and answers with its line for the feed. What the service
 * says about one that it refuses reaches the phone as it is.
 */
import { number, object, Problem, string } from "@tailor/kit";
import { writerFor } from "./locale.ts";
import { reason } from "./parts.ts";
import { profileOf } from "./profile.ts";
import type { Workout } from "./read.ts";

const logged = object({ id: string, date: string, start: string, kind: string, minutes: number });

/** What the phone can put right: a value (400, 422), the user (404), another time (409). */
const REFUSED: readonly number[] = [400, 404, 409, 422];

/**
 * Answers 201, or throws a `Problem` (503) if the service gives no answer: the phone repeats it
 * with the same key.
 */
export async function logWorkout(user: string, workout: Workout, key: string, patience: number): Promise<Response> {
  // Side by side: the profile has no say in what is logged.
  const [made, { profile }] = await Promise.all([post(user, workout, key), profileOf(user, AbortSignal.timeout(patience))]);
  if (made instanceof Response) return made;
  const { id, date, start, kind, minutes } = made;
  const write = writerFor(profile.locale, profile.units);
  const line = { id, kind, start, title: write.day(date), time: write.time(minutes) };
  return Response.json(line, { status: 201, headers: { "cache-control": "no-store" } });
}

/** The workout as the service has it, or its answer as it came. */
async function post(user: string, workout: Workout, key: string): Promise<ReturnType<typeof logged> | Response> {
  const address = `http://activity/users/${encodeURIComponent(user)}/workouts`;
  const headers = { "content-type": "application/json", "idempotency-key": key };
  try {
    const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(workout) });
    if (REFUSED.includes(response.status)) return response;
    if (response.ok) return logged(await response.json());
    throw later(`status-${response.status}`);
  } catch (error) {
    throw error instanceof Problem ? error : later(reason(address, error));
  }
}

function later(why: string): Problem {
  const detail = `it is not known whether the workout was logged: activity (${why})`;
  return new Problem(503, detail, { headers: [["retry-after", "5"]] });
}

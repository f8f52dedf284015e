/**
 * `POST /v1/users/{user}/workouts`: a partner logs a workout. What makes a workout is the service's
 * business: what it says of one that it refuses reaches the partner as it is.
 */
import {
  fetchAll, handBack, header, json, number, object, path, postJson, Problem, readJson, readQuery, string, valueOrProblem,
  type Request, type Response,
} from "@tailor/kit";

const workout = object({ date: string, start: string, kind: string, minutes: number });
const logged = object({ id: string, date: string, start: string, kind: string, minutes: number });

/**
 * What the partner can put right: a workout at that time already (409), a value or the key (422).
 */
const REFUSED: readonly (number | undefined)[] = [409, 422];

/**
 * Answers 201 with the workout, or throws a `Problem`: 400 without `idempotency-key` and for a body
 * of another form, 404 for an unknown user, 503 if the service gives no answer.
 */
export function logWorkout(request: Request, { user }: { readonly user: string }): Response {
  readQuery(request.query, {});
  const idempotencyKey = header(request, "idempotency-key");
  if (idempotencyKey === undefined) {
    // A partner repeats what timed out: without a key that would be a second workout.
    throw new Problem(400, "header `idempotency-key` is missing; allowed: 1 to 64 characters, the same for repetitions only");
  }
  const entry = readJson(request, workout);
  const [made] = fetchAll(postJson("activity", path`/users/${user}/workouts`, entry, logged, { idempotencyKey }));
  if (made.kind === "failed" && REFUSED.includes(made.reply?.status)) return handBack(made);
  return json(valueOrProblem(made), [["cache-control", "no-store"]], 201);
}

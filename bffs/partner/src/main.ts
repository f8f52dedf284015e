/**
 * The partners' backend: a stable, paginated export of daily summaries for third parties, and the
 * workouts that these log. README.md holds its promises.
 */
import { bff, get, jsonText, post, readQuery } from "@tailor/kit";
import openapi from "./openapi.json";
import { summaries } from "./summaries.ts";
import { logWorkout } from "./workouts.ts";

// Module-level code runs when the component is built, so the text is made once and never at request
// time.
const description = JSON.stringify(openapi);

export const handler = bff([
  get("/v1/users/{user}/summaries", summaries),
  post("/v1/users/{user}/workouts", logWorkout),
  get("/v1/openapi.json", (request) => {
    readQuery(request.query, {});
    return jsonText(description, [["cache-control", "public, max-age=3600"]]);
  }),
]);

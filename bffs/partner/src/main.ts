/**
 * The partners' backend: a stable, paginated export of daily summaries for third parties. README.md
 * holds its promises.
 */
import { bff, get, jsonText, readQuery } from "@tailor/kit";
import openapi from "./openapi.json";
import { summaries } from "./summaries.ts";

// Module-level code runs when the component is built, so the text is made once and never at request
// time.
const description = JSON.stringify(openapi);

export const handler = bff([
  get("/v1/users/{user}/summaries", summaries),
  get("/v1/openapi.json", (request) => {
    readQuery(request.query, {});
    return jsonText(description, [["cache-control", "public, max-age=3600"]]);
  }),
]);

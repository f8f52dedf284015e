/**
 * What nearly every request does, done once when the component is built: the engine makes some of
 * what it needs on first use, and that is in the component's image then.
 */
import type { Reply } from "tailor:bff/downstream@0.1.1";
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { json } from "./answer.ts";
import { formatDate } from "./dates.ts";
import { callOf, getJson, outcome, path } from "./downstream.ts";
import { date, optional, readQuery } from "./query.ts";
import { dispatch, get, type Answer } from "./router.ts";

/** Goes through a request that nobody made. `watched` is the way of an answer. */
export function rehearse(watched: (request: Request, answer: () => Answer) => Answer): Answer {
  const routes = [get("/users/{user}", answer)];
  return watched(REQUEST, () => dispatch(routes, REQUEST, () => undefined));
}

const REQUEST: Request = {
  id: "rehearsal",
  method: "get",
  path: "/users/ada",
  query: [["date", "1970-01-01"]],
  headers: [["accept", "application/json"]],
  body: { tag: "none" },
  client: { name: "rehearsal", host: "localhost" },
};

const REPLY: Reply = {
  status: 200,
  headers: [["content-type", "application/json"]],
  body: { tag: "none" },
  selected: ["1"],
  source: "live",
};

/** An answer, with a call that is never made. */
function answer(request: Request, { user }: { readonly user: string }): Response {
  const day = formatDate(readQuery(request.query, { date: optional(date, null) }).date ?? 0);
  const call = getJson("service", path`/users/${user}`, { day }, (value) => value, ["/steps"]);
  const { kind } = outcome(call, { tag: "ok", val: REPLY });
  return json({ kind, path: callOf(call).path }, [["vary", "accept"]]);
}

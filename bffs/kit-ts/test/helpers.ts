/** What several tests of the kit need. */
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { call, type Answer, type Fixture } from "../testing/index.ts";

/** Answers a GET of `path` with `handle`, in the doubles of the contract. */
export function run(handle: (request: Request) => Response, path = "/", downstreams: Fixture["downstreams"] = []): Answer {
  return call({ handle }, { request: { path }, downstreams });
}

/** An answer whose body is `value`. */
export function shown(value: unknown): Response {
  return { status: 200, headers: [], body: { tag: "text", val: JSON.stringify(value) } };
}

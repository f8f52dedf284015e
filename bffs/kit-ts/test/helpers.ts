/** What several tests of the kit need. */
import type { Response } from "tailor:bff/types@0.1.1";
import type { Handler } from "../src/index.ts";
import { call, type Answer, type Fixture, type LogLine } from "../testing/index.ts";
import { enter, world } from "../testing/world/state.ts";

/** Answers a GET of `path` with `handle`, in the doubles of the contract. */
export function run(handle: Handler["handle"], path = "/", downstreams: Fixture["downstreams"] = []): Answer {
  return call({ handle }, { request: { path }, downstreams });
}

/** An answer whose body is `value`. */
export function shown(value: unknown): Response {
  return { status: 200, headers: [], body: { tag: "text", val: JSON.stringify(value) } };
}

/** An answer whose body is these outcomes, without their replies. */
export function ended(outcomes: readonly unknown[]): Response {
  const withoutReply = (key: string, value: unknown): unknown => (key === "reply" ? undefined : value);
  return { ...shown(null), body: { tag: "text", val: JSON.stringify(outcomes, withoutReply) } };
}

/** What a handler throws at a GET of `path`, and the lines that it has logged until then. */
export function logOf(handle: Handler["handle"], path = "/"): { readonly caught: unknown; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const spying: Handler["handle"] = (request) => {
    const leave = enter({
      ...world(),
      log: (level, message, fields) => lines.push({ level, message, fields: Object.fromEntries(fields) }),
    });
    try {
      return handle(request);
    } finally {
      leave();
    }
  };
  try {
    run(spying, path);
  } catch (caught) {
    return { caught, lines };
  }
  throw new Error(`${path}: nothing was thrown`);
}

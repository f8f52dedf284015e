/**
 * The way from the host into a BFF's routes, and the one place that deals with what they throw.
 *
 * A `Problem` becomes its answer. Anything else is a fault of the code: its message and stack are
 * written to the log, then it is thrown on and ends the instance. So the host answers 502 with its
 * own stable code, names this BFF's version in log and metrics, and can distinguish a broken
 * release from an answer, as for a panic in any other language. An answer made here would look like
 * one that was meant. The log line comes first because the engine's own way out loses the message.
 */
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { log } from "./log.ts";
import { Problem, problemAnswer } from "./problem.ts";
import { dispatch, type Route } from "./router.ts";
import { sourceStack } from "./stack.ts";

/** What a component exports: `export const handler = bff([ ... ])`. */
export interface Handler {
  readonly handle: (request: Request) => Response;
}

/** A BFF of these routes. */
export function bff(routes: readonly Route[]): Handler {
  return {
    handle(request) {
      try {
        return dispatch(routes, request);
      } catch (thrown) {
        if (thrown instanceof Problem) return problemAnswer(thrown, request.id);
        const fault = thrown instanceof Error ? thrown : new Error(`thrown value: ${String(thrown)}`);
        log.error(`${fault.name}: ${fault.message}`, { stack: sourceStack(fault.stack ?? "") });
        throw thrown;
      }
    },
  };
}

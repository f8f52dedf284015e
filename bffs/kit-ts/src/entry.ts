/**
 * The way from the host into a BFF's routes, and the one place that deals with what they throw.
 *
 * A `Problem` becomes its answer. Anything else is a fault of the code, and so is an answer of a form
 * that the engine does not take: it is written to the log, then thrown on and ends the instance. So the host answers 502 with its
 * own stable code, names this BFF's version in log and metrics, and can distinguish a broken
 * release from an answer, as for a panic in any other language. An answer made here would look like
 * one that was meant. The log line comes first because the engine's own way out loses the message.
 */
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { logFault, WrongAnswer } from "./fault.ts";
import { Problem, problemAnswer } from "./problem.ts";
import { dispatch, type Route } from "./router.ts";
import { wrongShape } from "./shape.ts";

/** What a component exports: `export const handler = bff([ ... ])`. */
export interface Handler {
  readonly handle: (request: Request) => Response;
}

/** A BFF of these routes. */
export function bff(routes: readonly Route[]): Handler {
  return {
    handle(request) {
      let taken: Route | undefined;
      try {
        const answer = answerOf(routes, request, (route) => (taken = route));
        const wrong = wrongShape(answer);
        if (wrong !== undefined) throw new WrongAnswer(`the answer cannot be sent: ${wrong}`);
        return answer;
      } catch (thrown) {
        logFault(thrown, taken);
        throw thrown;
      }
    },
  };
}

function answerOf(routes: readonly Route[], request: Request, take: (route: Route) => void): Response {
  try {
    return dispatch(routes, request, take);
  } catch (thrown) {
    if (thrown instanceof Problem) return problemAnswer(thrown, request.id);
    throw thrown;
  }
}

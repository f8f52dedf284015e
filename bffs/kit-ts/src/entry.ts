/**
 * The way from the host into a BFF's routes, and the one place that deals with what they throw.
 *
 * A `Problem` becomes its answer. Anything else is a fault of the code, and so is an answer of a
 * form that the engine does not take: it is written to the log, then thrown on and ends the
 * instance. So the host answers 502 with its own stable code, names this BFF's version in log and
 * metrics, and can distinguish a broken release from an answer, as for a panic in any other
 * language. An answer made here would look like one that was meant. The log line comes first
 * because the engine's own way out loses the message.
 */
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { logFault, WrongAnswer } from "./fault.ts";
import { runs } from "./interrupted.ts";
import { isModuleLevel } from "./module-level.ts";
import { Problem, problemAnswer } from "./problem.ts";
import { rehearse } from "./rehearsal.ts";
import { dispatch, type Answer, type Route } from "./router.ts";
import { isPromise, wrongShape } from "./shape.ts";

/** What a component exports: `export const handler = bff([ ... ])`. */
export interface Handler {
  readonly handle: (request: Request) => Answer;
}

/** The handlers that `bff` made. */
const made = new WeakSet<object>();

/** A BFF of these routes. */
export function bff(routes: readonly Route[]): Handler {
  const handler: Handler = { handle: (request) => watched(request, (take) => dispatch(routes, request, take)) };
  made.add(handler);
  if (isModuleLevel()) rehearse(watched);
  return handler;
}

/**
 * Gives a handler that `bff` did not make the same: a `Problem` becomes its answer, what it throws
 * is logged, and the form of its answer is looked at.
 */
export function watchHandler(handler: unknown): Handler {
  const own = handler as Handler;
  if (made.has(own)) return own;
  const { handle } = own;
  return { handle: (request) => watched(request, () => Reflect.apply(handle, own, [request])) };
}

/** The way of an answer, from the handler to the host. */
export function watched(request: Request, answer: (take: (route: Route) => void) => Answer): Answer {
  let taken: Route | undefined;
  const failed = (thrown: unknown): Response => {
    try {
      if (thrown instanceof Problem) return sent(problemAnswer(thrown, request.id));
    } catch (fault) {
      logFault(fault, taken);
      throw fault;
    }
    logFault(thrown, taken);
    throw thrown;
  };
  try {
    const given = answer((route) => (taken = runs(route)));
    return isPromise(given) ? Promise.resolve(given).then(sent).then(undefined, failed) : sent(given);
  } catch (thrown) {
    return failed(thrown);
  }
}

function sent(answer: Response): Response {
  const wrong = wrongShape(answer);
  if (wrong !== undefined) throw new WrongAnswer(`the answer cannot be sent: ${wrong}`);
  return answer;
}

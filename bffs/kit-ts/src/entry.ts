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
import { Problem, problemAnswer } from "./problem.ts";
import { dispatch, type Route } from "./router.ts";
import { wrongShape } from "./shape.ts";

/** What a component exports: `export const handler = bff([ ... ])`. */
export interface Handler {
  readonly handle: (request: Request) => Response;
}

/** The handlers that `bff` made. */
const made = new WeakSet<object>();

/** A BFF of these routes. */
export function bff(routes: readonly Route[]): Handler {
  const handler: Handler = { handle: (request) => watched(request, (take) => dispatch(routes, request, take)) };
  made.add(handler);
  return handler;
}

/**
 * Gives a handler that `bff` did not make the same: a `Problem` becomes its answer, what it throws
 * is logged, and the form of its answer is looked at. The last statement of a bundle calls it.
 */
export function watchHandler(handler: unknown): void {
  if (typeof handler !== "object" || handler === null || made.has(handler)) return;
  const own = (handler as { readonly handle?: unknown }).handle;
  // What is wrong with the handler itself, the build says.
  if (typeof own !== "function" || own.constructor.name !== "Function") return;
  const handle = (request: Request): Response => watched(request, () => Reflect.apply(own, handler, [request]) as Response);
  Reflect.defineProperty(handler, "handle", { value: handle, writable: true, configurable: true, enumerable: true });
}

function watched(request: Request, answer: (take: (route: Route) => void) => Response): Response {
  let taken: Route | undefined;
  try {
    const given = answerOf(request, () => answer((route) => (taken = runs(route))));
    const wrong = wrongShape(given);
    if (wrong !== undefined) throw new WrongAnswer(`the answer cannot be sent: ${wrong}`);
    return given;
  } catch (thrown) {
    logFault(thrown, taken);
    throw thrown;
  }
}

function answerOf(request: Request, answer: () => Response): Response {
  try {
    return answer();
  } catch (thrown) {
    if (thrown instanceof Problem) return problemAnswer(thrown, request.id);
    throw thrown;
  }
}

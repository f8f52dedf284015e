/**
 * What the engine calls, by `engine.wit` of the build: an asynchronous handler in turns, of which
 * `tailor build` makes the one function of the contract. Between two turns the engine runs what the
 * last one settled.
 */
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { watchHandler, type Handler } from "./entry.ts";
import { logFault } from "./fault.ts";
import { runningRoute } from "./interrupted.ts";
import { turn } from "./loop.ts";
import { unhandled } from "./rejections.ts";
import { isPromise } from "./shape.ts";
import type { App, webHandler } from "./web-app.ts";

/** The functions. What `start` and `turn` return calls back once the handler has returned. */
export interface Turns {
  readonly start: (request: Request) => Awaited;
  readonly turn: () => Awaited;
  readonly finish: () => Response | undefined;
}

/** As much of a promise as the engine looks at. */
interface Awaited {
  readonly then: (returned: () => void, failed: (reason: unknown) => void) => unknown;
}

const RETURNED: Awaited = { then: (returned) => returned() };
/** `start` is what returns. */
const LATER: Awaited = { then: () => undefined };

/** Makes them for a bundle that exports `handler`, or an app of the web as its default. */
export function turnsWith(handlerOf: typeof webHandler | undefined): (handler: unknown, app: App | undefined) => Turns {
  return (handler, app) => turnsOf(app === undefined || handlerOf === undefined ? watchHandler(handler) : handlerOf(app));
}

function turnsOf({ handle }: Handler): Turns {
  let answer: Response | undefined;
  return {
    start: (request) => {
      const given = handle(request);
      if (isPromise(given)) {
        return given.then((it) => {
          answer = it;
        });
      }
      answer = given;
      return RETURNED;
    },
    turn: () => {
      inWatch(turn);
      return LATER;
    },
    finish: () => {
      inWatch(() => undefined);
      return answer;
    },
  };
}

/**
 * Goes on where no promise can: first come those that were rejected and that nobody handles. They
 * end the request, as they end a process of Node.
 */
function inWatch(goOn: () => void): void {
  const [first] = unhandled();
  let fault = first;
  try {
    if (fault === undefined) return goOn();
  } catch (reason) {
    fault = { reason };
  }
  logFault(fault.reason, runningRoute());
  throw fault.reason;
}

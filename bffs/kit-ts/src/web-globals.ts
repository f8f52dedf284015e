/** The globals of the web that wait or write: calls, timers and the log. */
import { elapsedNs } from "tailor:bff/runtime@0.1.1";
import { log } from "./log.ts";
import { clearTimer, setTimer } from "./loop.ts";
import { needHost } from "./module-level.ts";
import { fetch } from "./web-fetch.ts";
import { makeConsole, setAbortTimer, webGlobals, type Console } from "./web/index.ts";

/** Sets a timer, and gives its number. */
type SetTimer = (task: unknown, delayMs?: unknown, ...given: unknown[]) => number;

/** The globals, with the names that they have. */
export type WaitingGlobals = ReturnType<typeof webGlobals> & {
  readonly console: Console;
  readonly fetch: typeof fetch;
  readonly setTimeout: SetTimer;
  readonly setInterval: SetTimer;
  readonly queueMicrotask: (task: () => void) => void;
  readonly clearTimeout: (id: unknown) => void;
  readonly clearInterval: (id: unknown) => void;
};

/** The globals of one request, and those of the web that need no host. */
export function waitingGlobals(): WaitingGlobals {
  setAbortTimer((task, delayMs) => setTimer(task, delayMs, false));
  return {
    ...webGlobals(),
    console: makeConsole((level, text) => log[level](text), () => elapsedNs() / 1e6),
    fetch,
    setTimeout: timer("setTimeout", false),
    setInterval: timer("setInterval", true),
    queueMicrotask,
    clearTimeout: clearTimer,
    clearInterval: clearTimer,
  };
}

/**
 * The engine's own ends the instance without a line when the task throws. So it is a rejected
 * promise that nobody handles.
 */
function queueMicrotask(task: unknown): void {
  if (typeof task !== "function") throw new TypeError("queueMicrotask: what is to run is no function");
  void Promise.resolve().then(() => void Reflect.apply(task, undefined, []));
}

function timer(name: string, repeat: boolean): SetTimer {
  return (task, delayMs = 0, ...given) => {
    needHost(`${name}()`);
    if (typeof task !== "function") throw new TypeError(`${name}: what is to run is no function`);
    return setTimer(() => Reflect.apply(task, undefined, given), Number(delayMs), repeat);
  };
}

/** The globals of the web that a component has, beside clock and chance (`globals.ts`). */
import { clearTimer, setTimer } from "./loop.ts";
import { needHost } from "./module-level.ts";
import { fetch } from "./web-fetch.ts";
import * as web from "./web/index.ts";

/** The names that `web/index.ts` has for the kit alone. */
const OWN: readonly string[] = [
  "headerList", "incomingRequest", "incomingResponse", "onAbort", "setAbortTimer", "wholeBody", "wholeBodyNow",
];

/** What the prelude puts on `globalThis`, by name. */
export function webGlobals(): Readonly<Record<string, unknown>> {
  web.setAbortTimer((task, delayMs) => setTimer(task, delayMs, false));
  const classes = Object.entries(web).filter(([name]) => !OWN.includes(name));
  return { ...Object.fromEntries(classes), fetch, ...timers() };
}

function timers(): Readonly<Record<string, unknown>> {
  const timer = (name: string, repeat: boolean) => (task: unknown, delayMs: unknown = 0, ...given: unknown[]): number => {
    needHost(`${name}()`);
    if (typeof task !== "function") throw new TypeError(`${name}: what is to run is no function`);
    return setTimer(() => Reflect.apply(task, undefined, given), Number(delayMs), repeat);
  };
  return {
    setTimeout: timer("setTimeout", false),
    setInterval: timer("setInterval", true),
    clearTimeout: clearTimer,
    clearInterval: clearTimer,
  };
}

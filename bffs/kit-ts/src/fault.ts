/** The log line of a fault in a BFF's code: what was thrown, and where. */
import { log } from "./log.ts";
import { describeRoute, type Route } from "./router.ts";
import { sourceStack } from "./stack.ts";

/** An answer of another form than the contract's. Its stack has nothing of the author's, who returned it. */
export class WrongAnswer extends TypeError {}

/** Writes a line of level `error`. `route` is the one that was taken, if one was. */
export function logFault(thrown: unknown, route: Route | undefined): void {
  const fault = thrown instanceof Error ? thrown : new Error(`thrown value: ${String(thrown)}`);
  const stack = fault instanceof WrongAnswer ? {} : { stack: sourceStack(fault.stack ?? "") };
  log.error(`${fault.name}: ${fault.message}`, { ...stack, ...(route === undefined ? {} : describeRoute(route)) });
}

/**
 * The line of a request that has used its CPU time. The engine ends it with an error that no code
 * can catch: the kit sees it only when the engine makes its stack, by the hook that V8 has, too.
 */
import { logFault } from "./fault.ts";
import type { Route } from "./router.ts";

/** A call of a stack, as far as it is used. */
interface Site {
  isNative(): boolean;
  getFunctionName(): string | null;
  getFileName(): string | null;
  getLineNumber(): number;
  getColumnNumber(): number;
}

/** The error that is logged: which limit it was. */
class CpuTimeUsedUp extends Error {
  override readonly name = "CpuTimeUsedUp";
}

let route: Route | undefined;

/**
 * Notes the route that is taken. Each request has an instance of its own, so that it is that of the
 * request.
 */
export function runs(taken: Route): Route {
  route = taken;
  return taken;
}

/** The route that was taken, if one was. */
export function runningRoute(): Route | undefined {
  return route;
}

/** Has the engine's stacks made here, as it makes them itself. */
export function watchInterrupts(): void {
  const prepare = (error: unknown, sites: readonly Site[]): string => {
    const stack = sites.map(lineOf).join("");
    if (error instanceof Error && error.name === "InternalError" && error.message === "interrupted") {
      const fault = new CpuTimeUsedUp("the request was ended here: it has used its CPU time (limits.cpu)");
      Object.defineProperty(fault, "stack", { value: stack });
      logFault(fault, route);
    }
    return stack;
  };
  // Set, not defined: the engine keeps it elsewhere.
  (Error as { prepareStackTrace?: unknown }).prepareStackTrace = prepare;
}

function lineOf(site: Site): string {
  const name = site.getFunctionName();
  const place = site.isNative() ? "native" : `${site.getFileName()}:${site.getLineNumber()}:${site.getColumnNumber()}`;
  return `    at ${name === null || name === "" ? "<anonymous>" : name} (${place})\n`;
}

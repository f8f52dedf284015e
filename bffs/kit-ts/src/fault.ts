/** The log line of a fault in a BFF's code: what was thrown, why, and where. */
import { log, type Fields } from "./log.ts";
import { describeRoute, type Route } from "./router.ts";
import { causesOf, cut, errorsOf, failureOf, inWords, stackOf } from "./words.ts";

/**
 * Bytes of the parts of a line. The host cuts a line at 4 KiB, and leaves out whole fields:
 * together with what a field costs beside its value, 16 bytes and its name, these stay below it.
 */
const MESSAGE = 800;
const MOST: Readonly<Record<string, number>> = {
  stack: 1000,
  route: 120,
  at: 120,
  kind: 32,
  service: 64,
  detail: 300,
  cause: 900,
  errors: 500,
};

/**
 * An answer of another form than the contract's. Its stack has nothing of the author's, who
 * returned it.
 */
export class WrongAnswer extends TypeError {}

/**
 * Writes a line of level `error`, whatever was thrown. `route` is the one that was taken, if one
 * was.
 */
export function logFault(thrown: unknown, route: Route | undefined): void {
  const place = route === undefined ? {} : describeRoute(route);
  let message: string;
  let fields: Fields;
  try {
    message = cut(inWords(thrown), MESSAGE);
    const stack = thrown instanceof WrongAnswer ? "" : stackOf(thrown);
    const failure = failureOf(thrown);
    // The error of `fetch` has it in its message.
    const isTold = thrown instanceof Error && message.includes(failure.detail ?? "");
    const detail = isTold ? "" : (failure.detail ?? "");
    fields = fitting({ stack, ...place, ...failure, detail, cause: causesOf(thrown), errors: errorsOf(thrown) });
  } catch (fault) {
    // Something in it throws when it is read, such as a getter.
    message = "what was thrown cannot be read";
    fields = fitting({ stack: stackOf(fault), ...place });
  }
  log.error(message, fields);
}

/** Those that are not empty, each cut. */
function fitting(fields: Readonly<Record<string, string>>): Fields {
  const given = Object.entries(fields).filter(([, value]) => value !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, cut(value, MOST[name] ?? 0)]));
}

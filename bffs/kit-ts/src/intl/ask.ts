/**
 * Questions to the host about locales, and how its refusals come out: as the errors that the
 * language has for them.
 */
import { needHost } from "../module-level.ts";

/** The locale of a component without one: a component has no user. */
export const DEFAULT_LOCALE = "en-US";
/** The time zone of a component. */
export const DEFAULT_ZONE = "UTC";

/**
 * What `use` has of the host. `name` is what was called, for where there is no host: module-level
 * code. What the host does not know is a `RangeError`, what it cannot do an `Error`.
 */
export function ask<T>(name: string, use: () => T): T {
  needHost(name);
  try {
    return use();
  } catch (thrown) {
    const { kind, detail } = refusal(thrown);
    if (detail === undefined) throw thrown;
    const message = `${name}: ${detail}`;
    throw kind === "range-error" ? new RangeError(message, { cause: thrown }) : new Error(message, { cause: thrown });
  }
}

function refusal(thrown: unknown): { readonly kind?: string; readonly detail?: string } {
  const payload = thrown instanceof Error && "payload" in thrown ? thrown.payload : undefined;
  return typeof payload === "object" && payload !== null ? payload : {};
}

/** Throws: it is there in browsers, and the host cannot do it. `instead` is what to use. */
export function cannot(what: string, instead: string): never {
  throw new Error(`${what}: the host cannot do this; ${instead}`);
}

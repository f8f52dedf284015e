/**
 * The engine of a component has the language, and clock, random numbers and locales from the host,
 * and nothing else. While a handler runs in a test, what Node offers besides is out of reach, so that a
 * test fails where the component would. (tsc refuses most of it; this is for what it cannot see.)
 */
import { hostGlobals } from "../src/globals.ts";
import { hostIntl, hostLocales } from "../src/intl.ts";
import { GLOBALS } from "./globals.ts";

/** Runs `task` with what a component has, and gives Node's globals back afterwards. */
export function inBareEngine<T>(task: () => T): T {
  // The doubles of the host refuse by themselves what is outside of a request.
  const { random, ...globals } = hostGlobals(() => undefined);
  const host = { ...globals, Intl: hostIntl };
  const absent = Object.getOwnPropertyNames(globalThis).filter((name) => !GLOBALS.includes(name));
  const replaced = [...absent, ...Object.keys(host)];
  const saved = replaced.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const { random: realRandom } = Math;
  const restoreLocales = hostLocales();
  try {
    for (const [name, descriptor] of saved) if (descriptor?.configurable === true) Reflect.deleteProperty(globalThis, name);
    for (const [name, value] of Object.entries(host)) {
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
    }
    Math.random = random;
    return task();
  } finally {
    for (const [name, descriptor] of saved) if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    Math.random = realRandom;
    restoreLocales();
  }
}

/**
 * The engine of a component has the language, and clock, random numbers and locales from the host,
 * and nothing else. While a handler runs in a test, what Node offers besides is out of reach, so that a
 * test fails where the component would. (tsc refuses most of it; this is for what it cannot see.)
 */
import { giveMethods } from "../src/give-methods.ts";
import { hostGlobals } from "../src/globals.ts";
import * as localeMethods from "../src/locale-methods.ts";
import * as web from "../src/web-globals.ts";
import { GLOBALS } from "./globals.ts";

/** Runs `task` with what a component has, and gives Node's globals back afterwards. */
export function inBareEngine<T>(task: () => T): T {
  const leave = enterBareEngine();
  try {
    return task();
  } finally {
    leave();
  }
}

/** Takes Node's globals away, but for the `spared` ones, until the returned function is called. */
export function enterBareEngine(spared: readonly string[] = []): () => void {
  // The doubles of the host refuse by themselves what is outside of a request.
  const { random, ...clocks } = hostGlobals(() => undefined);
  const { subtle, ...named } = web;
  const host = { ...named, ...clocks, crypto: { ...clocks.crypto, subtle } };
  const absent = Object.getOwnPropertyNames(globalThis).filter((name) => !GLOBALS.includes(name) && !spared.includes(name));
  const replaced = [...absent, ...Object.keys(host)];
  const saved = replaced.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  const { random: realRandom } = Math;
  const restoreMethods = giveMethods(Object.values(localeMethods));
  for (const [name, descriptor] of saved) if (descriptor?.configurable === true) Reflect.deleteProperty(globalThis, name);
  for (const [name, value] of Object.entries(host)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Math.random = random;
  return () => {
    for (const [name, descriptor] of saved) if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    Math.random = realRandom;
    restoreMethods();
  };
}

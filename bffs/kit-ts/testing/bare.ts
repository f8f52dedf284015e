/**
 * The engine of a component has the language, and clock and random numbers from the host, and
 * nothing else. While a handler runs in a test, what Node offers besides is out of reach, so that a
 * test fails where the component would. (tsc refuses most of it; this is for what it cannot see.)
 */
import { hostGlobals } from "../src/globals.ts";
import { refuseLocales } from "../src/locales.ts";
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
  const allowLocales = refuseLocales(compareAsTheEngine);
  for (const [name, descriptor] of saved) if (descriptor?.configurable === true) Reflect.deleteProperty(globalThis, name);
  for (const [name, value] of Object.entries(host)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Math.random = random;
  return () => {
    for (const [name, descriptor] of saved) if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
    Math.random = realRandom;
    allowLocales();
  };
}

/**
 * `localeCompare` without locales, which Node has for the language of its user: the order of the
 * code points.
 */
function compareAsTheEngine(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => Array.from(text.normalize(), (char) => char.codePointAt(0) ?? 0));
  const at = left?.findIndex((point, index) => point !== right?.[index]) ?? -1;
  if (at < 0) return Math.sign((left?.length ?? 0) - (right?.length ?? 0));
  return Math.sign((left?.[at] ?? -1) - (right?.[at] ?? -1));
}

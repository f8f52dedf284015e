import type { LocaleMethod } from "./locale-methods.ts";

/** Puts methods into the place of the engine's, until the returned function is called. */
export function giveMethods(methods: readonly LocaleMethod[]): () => void {
  const undo = methods.flat().map(([prototype, name, value]) => {
    const before = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
    return () => Object.defineProperty(prototype, name, before);
  });
  return () => {
    for (const each of undo) each();
  };
}

/**
 * What runs before all modules of a BFF: `tools/bundle.mjs` puts it at the beginning of the bundle, so that no package can
 * have taken the engine's own clock before.
 */
import { EngineDate, hostGlobals } from "./globals.ts";
import { refuseLocales } from "./locales.ts";

refuseLocales();

const { Date, performance, crypto, random } = hostGlobals((name) => {
  // The bundle's last statement sets the table: before it, a component is built, and there is no request.
  if ((globalThis as { tailorLines?: unknown }).tailorLines === undefined) {
    throw new Error(`${name} at module level, which runs when the component is built: call it in a handler`);
  }
});

for (const [name, value] of Object.entries({ Date, performance, crypto })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
Object.defineProperty(EngineDate.prototype, "constructor", { value: Date, writable: true, configurable: true });
Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });

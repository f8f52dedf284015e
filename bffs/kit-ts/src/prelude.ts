/**
 * What runs before all modules of a BFF: `tools/bundle.mjs` puts it at the beginning of the bundle,
 * so that no package can have taken the engine's own clock before.
 */
import { watchHandler } from "./entry.ts";
import { EngineDate, hostGlobals } from "./globals.ts";
import { watchInterrupts } from "./interrupted.ts";
import { hostIntl, hostLocales } from "./intl.ts";
import { beginModules, needHost } from "./module-level.ts";

beginModules();
hostLocales();
watchInterrupts();
const { Date, performance, crypto, random } = hostGlobals(needHost);
for (const [name, value] of Object.entries({ Date, Intl: hostIntl, performance, crypto })) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
Object.defineProperty(EngineDate.prototype, "constructor", { value: Date, writable: true, configurable: true });
Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });
// The bundle's last statement takes it, and away.
Object.defineProperty(globalThis, "tailorWatch", { value: watchHandler, configurable: true });

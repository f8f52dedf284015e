/**
 * What runs before all modules of a BFF: `tools/bundle.mjs` puts it at the beginning of the bundle,
 * so that no package can have taken the engine's own clock before. All of it is in the component's
 * image, and costs a request nothing.
 */
import { looseStacks } from "./error-stack.ts";
import { EngineDate, hostGlobals } from "./globals.ts";
import { watchInterrupts } from "./interrupted.ts";
import { refuseLocales } from "./locales.ts";
import { beginModules, needHost } from "./module-level.ts";
import { turnsOf } from "./turns.ts";

beginModules();
refuseLocales();
looseStacks();
watchInterrupts();
const { random, ...host } = hostGlobals(needHost);
for (const [name, value] of Object.entries(host)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
Object.defineProperty(EngineDate.prototype, "constructor", { value: host.Date, writable: true, configurable: true });
Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });
// The bundle's last statement takes it, and away.
Object.defineProperty(globalThis, "tailorTurns", { value: turnsOf, configurable: true });

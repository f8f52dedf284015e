/**
 * What runs before all modules of a BFF: `tools/prelude.mjs` calls it at the beginning of the
 * bundle, so that no package can have taken the engine's own clock before. All of it is in the
 * component's image.
 */
import { looseStacks } from "./error-stack.ts";
import { giveMethods } from "./give-methods.ts";
import { EngineDate, hostGlobals } from "./globals.ts";
import { watchInterrupts } from "./interrupted.ts";
import type { LocaleMethod } from "./locale-methods.ts";
import { beginModules, needHost } from "./module-level.ts";
import { turnsWith } from "./turns.ts";
import type { webHandler } from "./web-app.ts";
import { giveNames } from "./web/names.ts";

/**
 * `web` are the globals of the web that the bundle names, `locale` the methods that depend on a
 * locale. Without `handlerOf` it exports no app.
 */
export function begin(web: Readonly<Record<string, unknown>>, locale: readonly LocaleMethod[], handlerOf: typeof webHandler | undefined): void {
  beginModules();
  looseStacks();
  watchInterrupts();
  const { random, ...host } = hostGlobals(needHost);
  const { subtle, ...named } = web;
  if (subtle !== undefined) Object.defineProperty(host.crypto, "subtle", { value: subtle });
  giveNames(named);
  giveMethods(locale);
  for (const [name, value] of Object.entries({ ...named, ...host })) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Object.defineProperty(EngineDate.prototype, "constructor", { value: host.Date, writable: true, configurable: true });
  Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });
  // The bundle's last statement takes it, and away.
  Object.defineProperty(globalThis, "tailorTurns", { value: turnsWith(handlerOf), configurable: true });
}

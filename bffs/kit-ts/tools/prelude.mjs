/**
 * The module that begins a bundle: it has the kit put the globals of the web on `globalThis`, and
 * the methods that depend on a locale on their prototypes, those whose names the bundle has.
 * Packages name them without importing anything, and each of them is code in the image of the
 * component, which costs every request a little.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const file = (/** @type {string} */ name) => fileURLToPath(new URL(`../src/${name}`, import.meta.url));

/** The names that a module of the kit exports by lists. */
const exported = (/** @type {string} */ name) =>
  [...readFileSync(file(name), "utf8").matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names = ""]) => names.split(","))
    .map((each) => each.trim());

const GLOBALS = exported("web-globals.ts");
const METHODS = exported("locale-methods.ts");

/**
 * The text without the modules of the kit, which names what it uses. esbuild has the path of each in
 * front of it.
 *
 * @param {string} text
 */
function withoutKit(text) {
  const modules = text.split(/^\/\/ (?=.*\.[cm]?[jt]sx?$)/m);
  return modules.filter((module) => !resolve(module.slice(0, module.indexOf("\n"))).startsWith(file(""))).join("");
}

/**
 * @param {string} text the bundle without it
 * @param {boolean} isApp whether the bundle has an app of the web as its default
 */
export function prelude(text, isApp) {
  const words = new Set(withoutKit(text).match(/[A-Za-z]\w*/g));
  // A signal with a time waits by a timer.
  if (words.has("AbortSignal")) words.add("setTimeout");
  const globals = GLOBALS.filter((name) => words.has(name)).join(", ");
  const methods = METHODS.filter((name) => words.has(name)).join(", ");
  const from = (/** @type {string} */ name) => JSON.stringify(file(name));
  return [
    `import { begin } from ${from("prelude.ts")};`,
    globals === "" ? "" : `import { ${globals} } from ${from("web-globals.ts")};`,
    methods === "" ? "" : `import { ${methods} } from ${from("locale-methods.ts")};`,
    isApp ? `import { webHandler } from ${from("web-app.ts")};` : "",
    `begin({ ${globals} }, [${methods}], ${isApp ? "webHandler" : "undefined"});`,
  ].join("\n");
}

/**
 * The module that begins a bundle: it has the kit put the globals of the web on `globalThis`, those
 * whose names the bundle has. Packages name them without importing anything, and each of them is
 * code in the image of the component, which costs every request a little.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const file = (/** @type {string} */ name) => fileURLToPath(new URL(`../src/${name}`, import.meta.url));

/** The names that `web-globals.ts` exports. */
const NAMES = [...readFileSync(file("web-globals.ts"), "utf8").matchAll(/^export \{([^}]*)\}/gm)]
  .flatMap(([, names = ""]) => names.split(","))
  .map((name) => name.trim());

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
  const named = NAMES.filter((name) => words.has(name));
  const from = (/** @type {string} */ name) => JSON.stringify(file(name));
  return [
    `import { begin } from ${from("prelude.ts")};`,
    named.length > 0 ? `import { ${named.join(", ")} } from ${from("web-globals.ts")};` : "",
    isApp ? `import { webHandler } from ${from("web-app.ts")};` : "",
    `begin({ ${named.join(", ")} }, ${isApp ? "webHandler" : "undefined"});`,
  ].join("\n");
}

/**
 * Module-level code runs once, when a component is built, where there is no host: a call of it
 * would end the build without a word, and what the engine has instead would be in every answer. So
 * whatever needs the host asks here first.
 */
import { parseStack } from "./lookup.mjs";

let inBundle = false;

/**
 * The first and last line of each piece of the bundle that is the author's. `tools/bundle.mjs`
 * writes them here.
 */
const AUTHORS_LINES = "lines of the author".split(",").map(Number);

/** More calls than the engine's stack holds. */
const ALL_CALLS = 100_000;

/**
 * The modules of a bundle begin to run. Its last statement, which sets the table of lines, says
 * that they have.
 */
export function beginModules(): void {
  inBundle = true;
}

/** Whether module-level code runs: there is no host then. */
export function isModuleLevel(): boolean {
  return inBundle && (globalThis as { tailorLines?: unknown }).tailorLines === undefined;
}

/** Throws at module level. `name` is what was called. */
export function needHost(name: string): void {
  if (isModuleLevel()) throw new Error(`${name} at module level, which runs when the component is built: call it in a handler`);
}

/**
 * Whether the time is asked for by a package's own code at module level, and not in a call of the
 * author's. Packages such as lodash-es measure themselves there; what they get is 1970.
 */
export function isPackagesOwn(): boolean {
  return isModuleLevel() && calledByPackage();
}

function calledByPackage(): boolean {
  const limits = Error as { stackTraceLimit?: number };
  const { stackTraceLimit } = limits;
  limits.stackTraceLimit = ALL_CALLS;
  const calls = parseStack(new Error().stack ?? "");
  limits.stackTraceLimit = stackTraceLimit ?? ALL_CALLS;
  // Modules of CommonJS run in the first import of them, by a function that esbuild makes.
  const owner = calls.find(({ name, line }) => name === "__require" || isAuthors(line));
  return owner === undefined || owner.name === "__require";
}

function isAuthors(line: number): boolean {
  for (let at = 0; at < AUTHORS_LINES.length; at += 2) {
    if (line >= (AUTHORS_LINES[at] ?? 0) && line <= (AUTHORS_LINES[at + 1] ?? 0)) return true;
  }
  return false;
}

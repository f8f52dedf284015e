/**
 * Stacks that name what a developer wrote. The engine knows the bundle only (`/partner.js:310:12`).
 * `tools/bundle.mjs` appends a table of the places that it can name; here they are looked up, when
 * something was thrown. A bundle made without that tool has no table, and its positions are passed
 * on as they are.
 */
import { lookUp, parseStack, type Call, type Table } from "./lookup.mjs";

/** One call of a stack. */
export interface Frame {
  readonly name: string;
  /** `src/summaries.ts:41:17`. */
  readonly place: string;
}

/** What was thrown, as far as it tells which of the steps at the innermost place failed. */
type Thrown = { readonly name: string; readonly message: string };

/** The engine's `    at name (/partner.js:310:12)` lines. */
export function sourceFrames(stack: string, thrown?: Thrown, table: Table | undefined = bundleTable()): Frame[] {
  const calls = parseStack(stack);
  return calls.flatMap((call, index) => {
    if (call.line === 0) return [];
    return [{ name: call.name, place: place(call, calls[index - 1]?.name, thrown, table) }];
  });
}

/**
 * The same in a line, as `name src/summaries.ts:41:17`, joined by ` < `: all of them, or the first
 * few.
 */
export function sourceStack(stack: string, most?: number, thrown?: Thrown, table: Table | undefined = bundleTable()): string {
  const frames = sourceFrames(stack, thrown, table).slice(0, most);
  return frames.map(({ name, place: at }) => `${name} ${at}`).join(" < ");
}

function place(call: Call, inner: string | undefined, thrown: Thrown | undefined, table: Table | undefined): string {
  const found = table === undefined ? undefined : lookUp(table, call, inner, thrown);
  const { file, line, column } = found ?? call;
  return `${file}:${line}:${column}`;
}

function bundleTable(): Table | undefined {
  // The name is set by the appended line of the bundle and by nothing else.
  return (globalThis as { tailorLines?: Table }).tailorLines;
}

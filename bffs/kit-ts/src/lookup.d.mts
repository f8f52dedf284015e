/** The types of `lookup.mjs`. */

/** The table at the end of a bundle. */
export interface Table {
  readonly files: readonly string[];
  readonly marks: readonly number[];
  readonly text: string;
}

/**
 * A call of a stack, in the bundle: lines and columns from 1, and 0 in a function of the engine's
 * own.
 */
export interface Call {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A place in the author's sources, from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What may fail: a variable, a property, a call, ... */
export const KINDS: Readonly<
  Record<"variable" | "field" | "call" | "construct" | "set" | "operator" | "iteration" | "pattern" | "method" | "known", number>
>;
/** Lines of the bundle from one mark to the next. */
export const MARK: number;
/** Kind and name of a step in a number. */
export function keyOf(kind: number, name: string): number;
/** A number in base64. */
export function encode(number: number): string;
/** The numbers of an entry. */
export function decode(entry: string): number[];
/**
 * The calls of a stack of the engine, the innermost first; `line` is 0 for a function of its own.
 */
export function parseStack(stack: string): Call[];
/**
 * The place of a call, or nothing where the bundle has no source there. `inner` is the name of the
 * function that it has called, or `undefined` for the innermost: then the error's name and message
 * tell.
 */
export function lookUp(
  table: Table,
  call: { readonly line: number; readonly column: number },
  inner: string | undefined,
  error: { readonly name: string; readonly message: string } | undefined,
): Place | undefined;

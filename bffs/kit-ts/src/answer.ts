/**
 * Answers that are not problems. Every member that the contract demands is there, so that no answer
 * can end the instance.
 */
import type { Headers, Response } from "tailor:bff/types@0.1.1";
import { kindOf } from "./shape.ts";

/**
 * Whether a type has a symbol in it, at most six levels deep: JSON has none, and what the host cannot
 * do of `Intl` is of such a type.
 */
type HasSymbol<T, Levels extends readonly unknown[] = [0, 0, 0, 0, 0, 0]> =
  0 extends 1 & T ? false
  : T extends symbol ? true
  : T extends (...given: never) => unknown ? false
  : Levels extends readonly [unknown, ...infer Rest]
    ? T extends readonly (infer Item)[] ? HasSymbol<Item, Rest>
      : T extends object ? { [K in keyof T]: HasSymbol<T[K], Rest> }[keyof T]
      : false
  : false;

/** In the place of an answer, so that tsc refuses it. */
type NotSent = symbol & { readonly "JSON has no symbols, and what the host cannot do is one: write the text yourself": never };

/**
 * An answer with `value` as compact JSON; `status` is 200 unless given. Throws for what JSON does
 * not have: `undefined`, a function, a symbol.
 */
export function json<T>(
  value: true extends HasSymbol<T> ? T : never,
  headers?: Headers,
  status?: number,
): [T] extends [never] ? Response : NotSent;
export function json(value: unknown, headers?: Headers, status?: number): Response;
export function json(value: unknown, headers: Headers = [], status = 200): unknown {
  // The type of the language's library leaves the `undefined` out.
  const text: unknown = JSON.stringify(value);
  if (typeof text !== "string") throw new TypeError(`json() of ${kindOf(value)}, which JSON does not have`);
  return jsonText(text, headers, status);
}

/**
 * The same with text that is JSON already, for documents that never change: make them once, at
 * module level.
 */
export function jsonText(text: string, headers: Headers = [], status = 200): Response {
  return { status, headers: [["content-type", "application/json"], ...headers], body: { tag: "text", val: text } };
}

/**
 * Answers that are not problems. Every member that the contract demands is there, so that no answer
 * can end the instance.
 */
import type { Headers, Response } from "tailor:bff/types@0.1.1";
import { kindOf } from "./shape.ts";

/**
 * An answer with `value` as compact JSON; `status` is 200 unless given. Throws for what JSON does
 * not have: `undefined`, a function, a symbol.
 */
export function json(value: unknown, headers: Headers = [], status = 200): Response {
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

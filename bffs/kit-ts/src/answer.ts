/**
 * Answers that are not problems. Every member that the contract demands is there, so that no answer
 * can end the instance.
 */
import type { Headers, Response } from "tailor:bff/types@0.1.1";

/** An answer with `value` as compact JSON; `status` is 200 unless given. */
export function json(value: unknown, headers: Headers = [], status = 200): Response {
  return jsonText(JSON.stringify(value), headers, status);
}

/**
 * The same with text that is JSON already, for documents that never change: make them once, at
 * module level.
 */
export function jsonText(text: string, headers: Headers = [], status = 200): Response {
  return { status, headers: [["content-type", "application/json"], ...headers], body: { tag: "text", val: text } };
}

/**
 * Calls that change something. Each is given to `fetchAll` or `start` like `getJson`, and its
 * outcome keeps the reply: its status (201, 202), and what the service says about a 409 or 422.
 */
import type { Headers, Method } from "tailor:bff/types@0.1.1";
import { refuse, wrongCall } from "./call-shape.ts";
import { callOf, type JsonCall } from "./downstream.ts";
import type { Decoder } from "./json.ts";

/** What a write may have besides its body. */
export interface WriteOptions {
  /**
   * Sent as `idempotency-key`: a service that knows the key does the work once, however often the
   * call arrives. Pass the client's own on, so that it holds for its repetitions, too; `undefined`
   * sends none. The host repeats a write only where the operator says so (`retry.methods`).
   */
  readonly idempotencyKey?: string | undefined;
  readonly query?: Readonly<Record<string, string>>;
  /** Further fields, such as `if-match`. */
  readonly headers?: Headers;
  /** As for `getJson`. */
  readonly select?: readonly string[];
}

/** A POST of `value` as JSON. `decode` reads the document of the answer; `nothing` needs none. */
export function postJson<T>(service: string, path: string, value: unknown, decode: Decoder<T>, options?: WriteOptions): JsonCall<T> {
  return write("post", service, path, value, decode, options);
}

/** The same with PUT. */
export function putJson<T>(service: string, path: string, value: unknown, decode: Decoder<T>, options?: WriteOptions): JsonCall<T> {
  return write("put", service, path, value, decode, options);
}

/** The same with PATCH. */
export function patchJson<T>(service: string, path: string, value: unknown, decode: Decoder<T>, options?: WriteOptions): JsonCall<T> {
  return write("patch", service, path, value, decode, options);
}

/** A DELETE, without a body. */
export function deleteJson<T>(service: string, path: string, decode: Decoder<T>, options?: WriteOptions): JsonCall<T> {
  return write("delete", service, path, undefined, decode, options);
}

function write<T>(
  method: Method,
  service: string,
  path: string,
  value: unknown,
  decode: Decoder<T>,
  { idempotencyKey, query = {}, headers = [], select = [] }: WriteOptions = {},
): JsonCall<T> {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined && method !== "delete") throw new TypeError(`a call of ${service}: the value has no form in JSON`);
  const fields: (readonly [string, string])[] = [["accept", "application/json"]];
  if (text !== undefined) fields.push(["content-type", "application/json"]);
  if (idempotencyKey !== undefined) fields.push(["idempotency-key", idempotencyKey]);
  fields.push(...headers);
  const body = text === undefined ? ({ tag: "none" } as const) : ({ tag: "text", val: text } as const);
  const call: JsonCall<T> = { service, path, query: Object.entries(query), select, decode, write: { method, headers: fields, body } };
  refuse("the call cannot be made", wrongCall(callOf(call)));
  return call;
}

/**
 * Typed reading of JSON that another service made. A decoder takes any value and returns it with its type, or throws a
 * `DecodeError` that says where and what was expected; `getJson` turns that into a failed part, not a failed request.
 * Members that no decoder names are ignored, so that a service may add some.
 */

/** Reads one value. `at` is the JSON pointer of the value, for the error. */
export type Decoder<T> = (value: unknown, at?: string) => T;

/** A value of the wrong kind. The message holds the place and the kinds, never the value: it may be personal. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

function wrong(expected: string, value: unknown, at: string): DecodeError {
  const kind = value === null ? "null" : value === undefined ? "nothing" : Array.isArray(value) ? "array" : typeof value;
  return new DecodeError(`${at === "" ? "the document" : at}: expected ${expected}, found ${kind}`);
}

/** A number. */
export const number: Decoder<number> = (value, at = "") => {
  if (typeof value === "number") return value;
  throw wrong("number", value, at);
};

/** A string. */
export const string: Decoder<string> = (value, at = "") => {
  if (typeof value === "string") return value;
  throw wrong("string", value, at);
};

/** `true` or `false`. */
export const boolean: Decoder<boolean> = (value, at = "") => {
  if (typeof value === "boolean") return value;
  throw wrong("boolean", value, at);
};

/** A value that may be `null` or absent; both become `null`. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, at = "") => (value === null || value === undefined ? null : decode(value, at));
}

/** An array whose items are all of one kind. */
export function array<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, at = "") => {
    if (!Array.isArray(value)) throw wrong("array", value, at);
    return value.map((each: unknown, index) => item(each, `${at}/${index}`));
  };
}

/** An object with at least these members. */
export function object<T>(members: { readonly [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  const decoders = Object.entries<Decoder<unknown>>(members);
  return (value, at = "") => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("object", value, at);
    const given = new Map<string, unknown>(Object.entries(value));
    const read = decoders.map(([name, decode]): [string, unknown] => [name, decode(given.get(name), `${at}/${name}`)]);
    // Every member of T has just been read by the decoder of its type.
    return Object.fromEntries(read) as T;
  };
}

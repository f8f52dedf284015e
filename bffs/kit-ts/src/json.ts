/**
 * Typed reading of JSON that another service made. A decoder takes any value and returns it with
 * its type, or throws a `DecodeError` that says where and what was expected; `getJson` turns that
 * into a part that is `unreadable`, not a failed request. Members that no decoder names are
 * ignored, so that a service may add some.
 */

/** Reads one value. */
export type Decoder<T> = (value: unknown) => T;

/**
 * A value of the wrong kind. The message holds the place and the kinds, never the value: it may be
 * personal.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** The JSON pointer of the value: empty for the whole document. */
  readonly at: string;
  /** What is wrong there: `expected number, found string`. */
  readonly what: string;

  constructor(what: string, at = "") {
    super(`${at === "" ? "the document" : at}: ${what}`);
    this.at = at;
    this.what = what;
  }

  /**
   * The same fault, seen from one level further out. Places are put together only on the way out,
   * so that a good value costs none.
   */
  under(token: string | number): DecodeError {
    return new DecodeError(this.what, `/${String(token).replaceAll("~", "~0").replaceAll("/", "~1")}${this.at}`);
  }
}

function wrong(expected: string, value: unknown): DecodeError {
  const kind = value === null ? "null" : value === undefined ? "nothing" : Array.isArray(value) ? "array" : typeof value;
  return new DecodeError(`expected ${expected}, found ${kind}`);
}

/** A number. */
export const number: Decoder<number> = (value) => {
  if (typeof value === "number") return value;
  throw wrong("number", value);
};

/** A string. */
export const string: Decoder<string> = (value) => {
  if (typeof value === "string") return value;
  throw wrong("string", value);
};

/** `true` or `false`. */
export const boolean: Decoder<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw wrong("boolean", value);
};

/** For answers that need not be read: nothing, whatever is there. */
export const nothing: Decoder<undefined> = () => undefined;

/**
 * What `typeof` says of the values that a decoder takes and returns as they are. In an interpreter
 * a call costs several times what the comparison does.
 */
const PLAIN: ReadonlyMap<Decoder<unknown>, string> = new Map<Decoder<unknown>, string>([
  [number, "number"],
  [string, "string"],
  [boolean, "boolean"],
]);

/** A value that may be `null` or not there; both become `null`. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value) => (value === null || value === undefined ? null : decode(value));
}

/** An array whose items are all of one kind. */
export function array<T>(item: Decoder<T>): Decoder<T[]> {
  const plain = PLAIN.get(item);
  return (value) => {
    if (!Array.isArray(value)) throw wrong("array", value);
    const given: readonly unknown[] = value;
    if (plain !== undefined) {
      const { length } = given;
      let at = 0;
      while (at < length && typeof given[at] === plain) at += 1;
      // `item` would return each of them.
      if (at === length) return value as T[];
    }
    const read: T[] = [];
    let index = 0;
    try {
      for (; index < given.length; index += 1) read.push(item(given[index]));
    } catch (fault) {
      throw fault instanceof DecodeError ? fault.under(index) : fault;
    }
    return read;
  };
}

/** An object with at least these members. */
export function object<T>(members: { readonly [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  // Runs when the component is built. What runs in a request is plain loops over these: in an
  // interpreter, taking a pair apart or asking an object what it owns costs more than reading the
  // member.
  const names = Object.keys(members);
  const decoders = Object.values<Decoder<unknown>>(members);
  const inherited = names.map((name) => name in Object.prototype);
  const plain = decoders.map((decode, index) => (inherited[index] === true ? undefined : PLAIN.get(decode)));
  const count = names.length;
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("object", value);
    const given = value as Readonly<Record<string, unknown>>;
    const read: Record<string, unknown> = {};
    let index = 0;
    try {
      for (; index < count; index += 1) {
        const name = names[index] as string;
        const member = given[name];
        if (typeof member === plain[index]) {
          read[name] = member;
        } else {
          const own = inherited[index] !== true || Object.hasOwn(given, name);
          read[name] = (decoders[index] as Decoder<unknown>)(own ? member : undefined);
        }
      }
    } catch (fault) {
      throw fault instanceof DecodeError ? fault.under(names[index] as string) : fault;
    }
    // Every member of T has just been read by the decoder of its type.
    return read as T;
  };
}

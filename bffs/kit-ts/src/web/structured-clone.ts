/** `structuredClone` of the HTML Standard, of what the language has. */

export interface StructuredSerializeOptions {
  transfer?: readonly unknown[];
}

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError,
};

/** What exists once: a copy could not be the same. */
const UNIQUE: readonly (abstract new (...given: never[]) => object)[] = [WeakMap, WeakSet, WeakRef, Promise, FinalizationRegistry];

/** A deep copy. Throws a `DataCloneError` where there is something that has no copy. */
export function structuredClone<T = any>(value: T, options?: StructuredSerializeOptions): T {
  if (arguments.length === 0) throw new TypeError("structuredClone: it needs a value");
  if (options?.transfer !== undefined && [...options.transfer].length > 0) {
    throw new DOMException("structuredClone: nothing can be transferred here: leave `transfer` out, for a copy", "DataCloneError");
  }
  return copyOf(value, new Map()) as T;
}

/** `seen` has the copy of each object that was met, so that circles stay circles. */
function copyOf(value: unknown, seen: Map<object, object>): unknown {
  if (typeof value === "symbol" || typeof value === "function") throw uncloneable(value);
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const keep = <C extends object>(copy: C): C => {
    seen.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) return withMembers(value, keep(new Array<unknown>(value.length)), seen);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return withMembers(value, keep({}), seen);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Map) return ofMap(value, keep(new Map()), seen);
  if (value instanceof Set) return ofSet(value, keep(new Set()), seen);
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (value instanceof SharedArrayBuffer) return keep(value);
  if (ArrayBuffer.isView(value)) return keep(ofView(value, seen));
  if (value instanceof Error) return ofError(value, keep, seen);
  if (value instanceof Boolean || value instanceof Number || value instanceof String || value instanceof BigInt) {
    return keep(Object(value.valueOf()) as object);
  }
  if (UNIQUE.some((kind) => value instanceof kind)) throw uncloneable(value);
  return withMembers(value, keep({}), seen);
}

function withMembers(from: object, to: object, seen: Map<object, object>): object {
  for (const name of Object.keys(from)) {
    const member = copyOf((from as Record<string, unknown>)[name], seen);
    // An assignment would take `__proto__` for what it is not.
    if (name === "__proto__") Object.defineProperty(to, name, { value: member, writable: true, enumerable: true, configurable: true });
    else (to as Record<string, unknown>)[name] = member;
  }
  return to;
}

function ofMap(from: ReadonlyMap<unknown, unknown>, to: Map<unknown, unknown>, seen: Map<object, object>): object {
  for (const [key, value] of [...from]) to.set(copyOf(key, seen), copyOf(value, seen));
  return to;
}

function ofSet(from: ReadonlySet<unknown>, to: Set<unknown>, seen: Map<object, object>): object {
  for (const value of [...from]) to.add(copyOf(value, seen));
  return to;
}

function ofView(view: ArrayBufferView, seen: Map<object, object>): object {
  const buffer = copyOf(view.buffer, seen) as ArrayBuffer;
  const { byteOffset } = view;
  if (view instanceof DataView) return new DataView(buffer, byteOffset, view.byteLength);
  const { length, constructor } = view as Uint8Array;
  return new (constructor as Uint8ArrayConstructor)(buffer, byteOffset, length);
}

function ofError(error: Error, keep: <C extends object>(copy: C) => C, seen: Map<object, object>): object {
  if (error instanceof DOMException) return keep(new DOMException(error.message, error.name));
  const copy = keep(new (ERRORS[error.name] ?? Error)());
  for (const name of ["message", "stack", "cause"]) {
    const given = Object.getOwnPropertyDescriptor(error, name);
    if (given === undefined || !("value" in given)) continue;
    const value: unknown = name === "cause" ? copyOf(given.value, seen) : String(given.value);
    Object.defineProperty(copy, name, { value, writable: true, configurable: true });
  }
  return copy;
}

function uncloneable(value: unknown): DOMException {
  const what = typeof value === "object" ? `a ${value?.constructor.name}` : `a ${typeof value}`;
  return new DOMException(`structuredClone: ${what} cannot be copied`, "DataCloneError");
}

/** `Headers` of the Fetch Standard, without guards: every name may be set. */

import { recordKeys } from "./record.ts";

/** Fields in their order, with names in lower case. */
export type HeaderList = readonly (readonly [name: string, value: string])[];
export type HeadersInit = Headers | Iterable<readonly string[]> | Readonly<Record<string, string>>;

type Field = readonly [name: string, value: string];

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[^\0\r\n\u0100-\uffff]*$/;
const AROUND = /^[\t\n\r ]+|[\t\n\r ]+$/g;

/** Names that need no check, as they are written most. */
const NAMES = new Map<string, string>();
const OFTEN =
  "Accept Accept-Encoding Accept-Language Allow Authorization Cache-Control Content-Disposition Content-Language " +
  "Content-Length Content-Type Cookie ETag Expires Host If-Modified-Since If-None-Match Last-Modified Link Location " +
  "Origin Referer Retry-After Server-Timing Set-Cookie User-Agent Vary WWW-Authenticate X-Forwarded-For X-Request-Id " +
  "Access-Control-Allow-Origin";
for (const name of OFTEN.split(" ")) {
  NAMES.set(name, name.toLowerCase());
  NAMES.set(name.toLowerCase(), name.toLowerCase());
}

/** Fields that need no check, and names that are in lower case: those of the contract. */
export class HeaderFields {
  readonly fields: HeaderList;

  constructor(fields: HeaderList) {
    this.fields = fields;
  }
}

/** What iterates over headers. */
export type HeadersIterator<T> = Generator<T, undefined, unknown>;

let listOf: (headers: Headers) => HeaderList;

/** The fields in the order in which they came; those of one name are one, but for `set-cookie`. */
export function headerList(headers: Headers): HeaderList {
  return listOf(headers);
}

let addField: (headers: Headers, name: string, value: string) => void;

/** Adds a field that is not there, with a name in lower case and a value that need no check. */
export function addTrusted(headers: Headers, name: string, value: string): void {
  addField(headers, name, value);
}

export class Headers {
  #fields: Field[];
  /** The fields are somebody else's, who may look at them again. */
  #shared: boolean;
  #order: readonly Field[] | undefined;

  static {
    listOf = (headers) => headers.#fields;
    addField = (headers, name, value) => {
      headers.#own();
      headers.#fields.push([name, value]);
    };
  }

  constructor(init?: HeadersInit | HeaderFields) {
    if (init instanceof HeaderFields) {
      this.#fields = init.fields as Field[];
      this.#shared = true;
      return;
    }
    if (init instanceof Headers && init[Symbol.iterator] === Headers.prototype[Symbol.iterator]) {
      // A copy is made by the first of both that changes.
      this.#fields = init.#fields;
      this.#shared = true;
      init.#shared = true;
      return;
    }
    this.#fields = [];
    this.#shared = false;
    if (init === undefined) return;
    if ((typeof init !== "object" && typeof init !== "function") || init === null) {
      throw new TypeError("Headers: it takes headers, pairs or an object");
    }
    if (typeof (init as Partial<Iterable<unknown>>)[Symbol.iterator] === "function") {
      for (const pair of init as Iterable<readonly string[]>) this.#pair(pair);
      return;
    }
    for (const name of recordKeys(init)) this.append(name, (init as Readonly<Record<string, string>>)[name] as string);
  }

  /** Adds a value to those that the field has. */
  append(name: string, value: string): void {
    const lower = lowerName(name);
    const added = goodValue(lower, value);
    const at = lower === "set-cookie" ? -1 : this.#find(lower);
    this.#own();
    const before = this.#fields[at];
    if (before === undefined) this.#fields.push([lower, added]);
    else this.#fields[at] = [lower, `${before[1]}, ${added}`];
  }

  delete(name: string): void {
    const lower = lowerName(name);
    if (this.#find(lower) < 0) return;
    this.#own();
    this.#fields = this.#fields.filter((field) => field[0] !== lower);
  }

  /** The values of a field, joined by commas. */
  get(name: string): string | null {
    const lower = lowerName(name);
    const fields = this.#fields;
    const at = this.#find(lower);
    if (at < 0) return null;
    let value = (fields[at] as Field)[1];
    for (let next = at + 1; next < fields.length; next += 1) {
      const field = fields[next] as Field;
      if (field[0] === lower) value += `, ${field[1]}`;
    }
    return value;
  }

  /** The values of `set-cookie`, each for itself. */
  getSetCookie(): string[] {
    return this.#fields.filter((field) => field[0] === "set-cookie").map((field) => field[1]);
  }

  has(name: string): boolean {
    return this.#find(lowerName(name)) >= 0;
  }

  set(name: string, value: string): void {
    const lower = lowerName(name);
    const only: Field = [lower, goodValue(lower, value)];
    const at = this.#find(lower);
    this.#own();
    if (at < 0) {
      this.#fields.push(only);
      return;
    }
    this.#fields[at] = only;
    const fields = this.#fields;
    for (let next = fields.length - 1; next > at; next -= 1) if ((fields[next] as Field)[0] === lower) fields.splice(next, 1);
  }

  forEach(task: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    if (typeof task !== "function") throw new TypeError("Headers.forEach: it takes a function");
    for (const [name, value] of this) Reflect.apply(task, self, [value, name, this]);
  }

  *entries(): HeadersIterator<[string, string]> {
    // What is set while somebody iterates is seen, as the standard has it.
    for (let at = 0; ; at += 1) {
      const field = this.#sorted()[at];
      if (field === undefined) return;
      yield [field[0], field[1]];
    }
  }

  *keys(): HeadersIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): HeadersIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): HeadersIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "Headers";
  }

  /** Combined and by name; made again when the fields have changed. */
  #sorted(): readonly Field[] {
    if (this.#order !== undefined) return this.#order;
    const combined = new Map<string, string>();
    const cookies: Field[] = [];
    for (const field of this.#fields) {
      const [name, value] = field;
      const before = combined.get(name);
      if (name === "set-cookie") cookies.push(field);
      else combined.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    // The sort keeps the order of equal names.
    this.#order = [...combined, ...cookies].sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
    return this.#order;
  }

  #find(lower: string): number {
    const fields = this.#fields;
    for (let at = 0; at < fields.length; at += 1) if ((fields[at] as Field)[0] === lower) return at;
    return -1;
  }

  /** Before each change. */
  #own(): void {
    this.#order = undefined;
    if (!this.#shared) return;
    this.#fields = this.#fields.slice();
    this.#shared = false;
  }

  #pair(pair: readonly string[]): void {
    const [name, value, ...more] = typeof pair === "string" ? [] : pair;
    if (name === undefined || value === undefined || more.length > 0) throw new TypeError("Headers: each pair has a name and a value");
    this.append(name, value);
  }
}

/** Throws a `TypeError` for what is no name of a field. */
function lowerName(name: string): string {
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  const text = `${name}`;
  if (!NAME.test(text)) throw new TypeError(`Headers: ${JSON.stringify(text)} is no name of a field`);
  return text.toLowerCase();
}

function goodValue(name: string, value: string): string {
  const text = `${value}`;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  const trimmed = first <= 0x20 || last <= 0x20 ? text.replace(AROUND, "") : text;
  // The value itself may be personal.
  if (!VALUE.test(trimmed)) throw new TypeError(`Headers: the value of ${name} has a character that no field may have`);
  return trimmed;
}

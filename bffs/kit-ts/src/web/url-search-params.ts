/** `URLSearchParams` of the URL Standard. */
import { recordKeys } from "./record.ts";
import { decodeForm, encodeForm } from "./url-encode.ts";

export type URLSearchParamsInit = URLSearchParams | string | Iterable<readonly string[]> | Readonly<Record<string, string>>;

type Pair = [name: string, value: string];

/** The pairs of `a=1&b=2`, decoded. */
export function parsePairs(text: string): Pair[] {
  const pairs: Pair[] = [];
  if (text === "") return pairs;
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    pairs.push(at < 0 ? [decodeForm(part), ""] : [decodeForm(part.slice(0, at)), decodeForm(part.slice(at + 1))]);
  }
  return pairs;
}

let makeLinked: (query: string, changed: (query: string) => void) => URLSearchParams;
let setPairs: (params: URLSearchParams, query: string) => void;

/** The parameters of a URL, which `changed` tells of each change. */
export function linkedParams(query: string, changed: (query: string) => void): URLSearchParams {
  return makeLinked(query, changed);
}

/** The URL has another query now. */
export function replaceParams(params: URLSearchParams, query: string): void {
  setPairs(params, query);
}

export class URLSearchParams {
  #pairs: Pair[];
  #changed: ((query: string) => void) | undefined;

  static {
    makeLinked = (query, changed) => {
      const params = new URLSearchParams();
      params.#pairs = parsePairs(query);
      params.#changed = changed;
      return params;
    };
    setPairs = (params, query) => {
      params.#pairs = parsePairs(query);
    };
  }

  constructor(init?: URLSearchParamsInit) {
    if (init === undefined || init === null) {
      this.#pairs = init === null ? [["null", ""]] : [];
    } else if (typeof init === "object" || typeof init === "function") {
      const isPlain = init instanceof URLSearchParams && init[Symbol.iterator] === URLSearchParams.prototype[Symbol.iterator];
      this.#pairs = isPlain ? init.#pairs.map(([name, value]) => [name, value]) : pairsOf(init);
    } else {
      const text = wellFormed(init);
      this.#pairs = parsePairs(text.startsWith("?") ? text.slice(1) : text);
    }
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: string, value: string): void {
    needs(arguments.length, 2, "append");
    this.#pairs.push([wellFormed(name), wellFormed(value)]);
    this.#tell();
  }

  delete(name: string, value?: string): void {
    needs(arguments.length, 1, "delete");
    const fits = fitting(name, value);
    this.#pairs = this.#pairs.filter((pair) => !fits(pair));
    this.#tell();
  }

  get(name: string): string | null {
    needs(arguments.length, 1, "get");
    const wanted = wellFormed(name);
    for (const pair of this.#pairs) if (pair[0] === wanted) return pair[1];
    return null;
  }

  getAll(name: string): string[] {
    needs(arguments.length, 1, "getAll");
    const wanted = wellFormed(name);
    return this.#pairs.filter((pair) => pair[0] === wanted).map((pair) => pair[1]);
  }

  has(name: string, value?: string): boolean {
    needs(arguments.length, 1, "has");
    return this.#pairs.some(fitting(name, value));
  }

  set(name: string, value: string): void {
    needs(arguments.length, 2, "set");
    const only: Pair = [wellFormed(name), wellFormed(value)];
    const at = this.#pairs.findIndex((pair) => pair[0] === only[0]);
    if (at < 0) {
      this.#pairs.push(only);
    } else {
      this.#pairs[at] = only;
      this.#pairs = this.#pairs.filter((pair, place) => place <= at || pair[0] !== only[0]);
    }
    this.#tell();
  }

  /** By names, in the order of their code units; equal ones stay in their order. */
  sort(): void {
    this.#pairs.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
    this.#tell();
  }

  forEach(task: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
    if (typeof task !== "function") throw new TypeError("URLSearchParams.forEach: it takes a function");
    for (const [name, value] of this) Reflect.apply(task, self, [value, name, this]);
  }

  *entries(): Generator<[string, string], undefined, unknown> {
    for (let at = 0; ; at += 1) {
      const pair = this.#pairs[at];
      if (pair === undefined) return;
      yield [pair[0], pair[1]];
    }
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): Generator<string, undefined, unknown> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[string, string], undefined, unknown> {
    return this.entries();
  }

  toString(): string {
    let text = "";
    for (const pair of this.#pairs) text += `${text === "" ? "" : "&"}${encodeForm(pair[0])}=${encodeForm(pair[1])}`;
    return text;
  }

  get [Symbol.toStringTag](): string {
    return "URLSearchParams";
  }

  #tell(): void {
    this.#changed?.(this.toString());
  }
}

function pairsOf(init: Exclude<URLSearchParamsInit, string>): Pair[] {
  const iterator: unknown = (init as Partial<Iterable<unknown>>)[Symbol.iterator];
  if (iterator !== undefined && iterator !== null) {
    if (typeof iterator !== "function") throw new TypeError("URLSearchParams: it takes a text, pairs or an object");
    return Array.from(init as Iterable<readonly string[]>, (given) => {
      const pair = given !== null && (typeof given === "object" || typeof given === "function") ? [...given] : [];
      if (pair.length !== 2) throw new TypeError("URLSearchParams: each pair has a name and a value");
      return [wellFormed(pair[0]), wellFormed(pair[1])];
    });
  }
  const pairs = new Map<string, string>();
  for (const name of recordKeys(init)) pairs.set(wellFormed(name), wellFormed((init as unknown as Readonly<Record<string, string>>)[name]));
  return [...pairs];
}

function fitting(name: string, value: string | undefined): (pair: Pair) => boolean {
  const wanted = wellFormed(name);
  if (value === undefined) return (pair) => pair[0] === wanted;
  const also = wellFormed(value);
  return (pair) => pair[0] === wanted && pair[1] === also;
}

function needs(given: number, wanted: number, method: string): void {
  if (given < wanted) throw new TypeError(`URLSearchParams.${method}: it needs ${wanted === 1 ? "a name" : "a name and a value"}`);
}

function wellFormed(value: unknown): string {
  const text = `${value as string}`;
  return text.isWellFormed() ? text : text.toWellFormed();
}

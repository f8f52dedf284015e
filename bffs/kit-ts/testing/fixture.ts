/**
 * Fixtures: one request, what the services answer, and what must come out. `tailor call` of the
 * host reads the same files.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Call, Failure, FailureKind, Reply } from "tailor:bff/downstream@0.1.1";
import { checkForm } from "./form.ts";
import { compact, itemsOf, meaning, member, membersOf, readNode, type Node } from "./json.ts";

/** A request as a client would write it. */
export interface FixtureRequest {
  /** GET unless given. */
  readonly method?: string;
  /** Below the route's prefix; may hold a query. */
  readonly path: string;
  /** Added to the query of the path. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is; anything else is sent as JSON, with its content type. */
  readonly body?: unknown;
}

/** What a service answers: a `reply` or a `failure`. */
export interface Downstream {
  readonly service: string;
  /** Any unless given. */
  readonly method?: string;
  /**
   * Compared with the call's path and, where it has a `?`, with path and query. A `*` at the end
   * takes any rest, and `\*` there is a `*`.
   */
  readonly path: string;
  readonly reply?: {
    /** 200 unless given. */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: unknown;
    readonly text?: string;
  };
  readonly failure?: FailureKind;
  /**
   * Time that the test counts but does not wait for. A call that outlasts its limit or the request
   * fails as `timeout`.
   */
  readonly "delay-ms"?: number;
}

/** What the answer must be; members that are not given are not looked at. */
export interface Expected {
  readonly status?: number;
  /** These must be there; others may be. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

/**
 * One fixture. The first fitting entry of `downstreams` answers a call; no entry is the failure
 * `unreachable`.
 */
export interface Fixture {
  readonly request: FixtureRequest;
  readonly config?: Readonly<Record<string, string>>;
  /**
   * RFC 3339 in UTC, with `Z`; 2026-01-15T12:00:00Z unless given, so that no test depends on the
   * day it runs.
   */
  readonly now?: string;
  /** What the random bytes are made from, 0 to 4,294,967,295; 0 unless given. */
  readonly seed?: number;
  /** Name of the client; `test` unless given. */
  readonly client?: string;
  /** Entries, or in a test a function of the call for what a list cannot say. */
  readonly downstreams?: readonly Downstream[] | ((call: Call) => Reply | Failure);
  readonly expect?: Expected;
}

/**
 * The fixtures of a folder by file name. Throws if there are none, or one is no fixture or expects
 * nothing.
 */
export function readFixtures(folder: string): [name: string, fixture: Fixture][] {
  const names = readdirSync(folder).filter((name) => name.toLowerCase().endsWith(".json"));
  if (names.length === 0) throw new Error(`${folder}: no fixtures`);
  return names.sort().map((name) => [name, readFixture(join(folder, name))]);
}

function readFixture(file: string): Fixture {
  // As editors of some systems write it in front.
  const text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
  const node = inFile(file, () => readNode(text));
  const fixture = JSON.parse(text) as Fixture & { readonly downstreams?: readonly Downstream[] };
  checkForm(file, "fixture", node);
  const { request, downstreams = [], expect, now } = fixture;
  const [written, expected] = [member(node, "request"), member(node, "expect")];
  checkForm(`${file}: request`, "request", written);
  checkForm(`${file}: expect`, "expect", expected);
  const entries = itemsOf(member(node, "downstreams"));
  for (const [index, entry] of downstreams.entries()) {
    const at = `${file}: downstreams/${index}`;
    checkForm(at, "downstream", entries[index]);
    const { reply, failure } = entry;
    if ((reply === undefined) === (failure === undefined)) throw new Error(`${at}: needs either \`reply\` or \`failure\``);
    if (reply === undefined) continue;
    const answer = member(entries[index], "reply");
    checkForm(`${at}/reply`, "reply", answer);
    if (reply.json !== undefined && reply.text !== undefined) throw new Error(`${at}/reply: has both \`json\` and \`text\``);
    keep(reply, member(answer, "json"));
    keepPairs(`${at}/reply: headers`, reply, "headers", answer, true);
  }
  keep(request, member(written, "body"));
  keep(expect, member(expected, "json"));
  keepPairs(`${file}: request: query`, request, "query", written, false);
  keepPairs(`${file}: request: headers`, request, "headers", written, true);
  keepPairs(`${file}: expect: headers`, expect, "headers", expected, true);
  keepPairs(`${file}: config`, fixture, "config", node, false);
  if (now !== undefined) inFile(file, () => timeMs(now));
  return fixture;
}

function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw new Error(`${file}: ${fault instanceof Error ? fault.message : String(fault)}`, { cause: fault });
  }
}

/**
 * The documents and pairs of fixtures that were read from files, as they stand there, by the object
 * that has them.
 */
const WRITTEN = new WeakMap<object, string>();
const PAIRS = new WeakMap<object, readonly (readonly [string, string])[]>();

function keep(holder: unknown, document: Node | undefined): void {
  if (document !== undefined) WRITTEN.set(holder as object, compact(document));
}

function keepPairs(at: string, holder: unknown, name: string, written: Node | undefined, fields: boolean): void {
  const node = member(written, name);
  if (node === undefined) return;
  if (node.kind !== "object") throw new Error(`${at}: must be an object of texts`);
  const seen = new Set<string>();
  const pairs = membersOf(node).map(([key, value]): [string, string] => {
    const text: unknown = value.kind === "scalar" ? meaning(value.text) : undefined;
    if (typeof text !== "string") throw new Error(`${at}: \`${key}\` must be a text`);
    const same = fields ? key.toLowerCase() : key;
    if (seen.has(same)) throw new Error(`${at}: \`${key}\` is there twice`);
    seen.add(same);
    return [key, text];
  });
  PAIRS.set((holder as Readonly<Record<string, object>>)[name] ?? {}, pairs);
}

/** The text of the document that `holder` has: of a request its `body`, else its `json`. */
export function writtenIn(holder: object, document: unknown): string {
  return WRITTEN.get(holder) ?? JSON.stringify(document);
}

/** The pairs of an object of texts, in the order of its file. */
export function pairsIn(texts: Readonly<Record<string, string>> = {}): readonly (readonly [string, string])[] {
  return PAIRS.get(texts) ?? Object.entries(texts);
}

/** Header fields with those of a JSON document: its content type, unless they have one. */
export function fieldsIn(texts: Readonly<Record<string, string>> | undefined, isJson: boolean): [string, string][] {
  const fields = pairsIn(texts).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const typed = !isJson || fields.some(([name]) => name === "content-type");
  return typed ? fields : [["content-type", "application/json"], ...fields];
}

/**
 * A time in milliseconds since 1970-01-01T00:00:00Z. It has the one form that all readers of
 * fixtures take: of RFC 3339 that in UTC with `Z`, to the second or with up to nine more digits,
 * without leap seconds.
 */
export function timeMs(text: string): number {
  const [, second = "", fraction = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const ms = Date.parse(`${second}Z`);
  // `Date.parse` takes February 30 for a day of March.
  if (!(ms >= 0) || new Date(ms).toISOString().slice(0, 19) !== second) {
    throw new Error(`now: \`${text}\` is not a time; write "2026-01-15T12:00:00Z"`);
  }
  return ms + Number(fraction.padEnd(3, "0").slice(0, 3));
}

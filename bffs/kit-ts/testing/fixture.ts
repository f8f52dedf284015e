/**
 * Fixtures: one request, what the services answer, and what must come out. `tailor call` of the
 * host reads the same files.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Call, Failure, FailureKind, Reply } from "tailor:bff/downstream@0.1.1";

/** A request as a client would write it. */
export interface FixtureRequest {
  /** GET unless given. */
  readonly method?: string;
  /** Below the route's prefix; may hold a query. */
  readonly path: string;
  /** Added to the query of the path. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text as it is; anything else is sent as JSON. */
  readonly body?: unknown;
}

/** What a service answers: a `reply` or a `failure`. */
export interface Downstream {
  readonly service: string;
  /** Any unless given. */
  readonly method?: string;
  /**
   * Compared with the call's path and, where it has a `?`, with path and query. A `*` at the end
   * takes any rest.
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
  /** RFC 3339; 2026-01-15T12:00:00Z unless given, so that no test depends on the day it runs. */
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
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  if (names.length === 0) throw new Error(`${folder}: no fixtures`);
  return names.sort().map((name) => [name, readFixture(join(folder, name))]);
}

function readFixture(file: string): Fixture {
  const fixture: unknown = JSON.parse(readFileSync(file, "utf8"));
  const { request, downstreams = [], expect } = members(file, fixture, MEMBERS.fixture);
  members(`${file}: request`, request, MEMBERS.request);
  // One that expects nothing could never fail.
  members(`${file}: expect`, expect, MEMBERS.expect);
  if (!Array.isArray(downstreams)) throw new Error(`${file}: downstreams: must be an array`);
  for (const [index, entry] of downstreams.entries()) {
    const at = `${file}: downstreams/${index}`;
    const { reply, failure } = members(at, entry, MEMBERS.downstream);
    if ((reply === undefined) === (failure === undefined)) throw new Error(`${at}: needs either \`reply\` or \`failure\``);
    if (reply !== undefined) members(`${at}/reply`, reply, MEMBERS.reply);
  }
  // The kinds of the values are checked by use: a wrong one fails its test.
  return fixture as Fixture;
}

const MEMBERS = {
  fixture: ["request", "config", "now", "seed", "client", "downstreams", "expect"],
  request: ["method", "path", "query", "headers", "body"],
  downstream: ["service", "method", "path", "reply", "failure", "delay-ms"],
  reply: ["status", "headers", "json", "text"],
  expect: ["status", "headers", "json", "text"],
} as const;

/**
 * The members of an object. Throws on one that is not known: a misspelt `expect` would make a test
 * that cannot fail.
 */
function members<K extends string>(at: string, value: unknown, known: readonly K[]): { readonly [N in K]?: unknown } {
  if (typeof value !== "object" || value === null) throw new Error(`${at}: must be an object`);
  const unknown = Object.keys(value).filter((name) => !known.some((each) => each === name));
  if (unknown.length > 0) throw new Error(`${at}: unknown member ${unknown.join(", ")}; known: ${known.join(", ")}`);
  return value;
}

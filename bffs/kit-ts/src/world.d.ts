/**
 * The contract of `wit/tailor.wit` as the JavaScript engine presents it. The documentation of each
 * item is in that file; here stands only what differs in JavaScript:
 *
 * - names are camelCase, an enum is the name of its case (`"too-large"`), a variant is
 *   `{ tag, val }`;
 * - an `option` is the value or `null`; in a record that a BFF makes, such a member may be left
 *   out;
 * - a `u64` is a `number`;
 * - a `result` in a list is `{ tag: "ok" | "err", val }`, but one returned by a function is
 *   returned or *thrown*: `fetch` and `Exchange.wait` throw an `Error` whose `payload` is the
 *   `Failure`. `fetchAll` never throws; prefer it, even for one call;
 * - a record of the wrong shape (a missing member, a number as a header's value, a method in
 *   capitals) would end the instance without a message. The modules of `src/contract`, which a bundle
 *   has in place of these, throw a `TypeError` that says what is wrong; an answer is checked, too.
 */

declare module "tailor:bff/types@0.1.1" {
  export type Method = "get" | "head" | "post" | "put" | "patch" | "delete" | "options";
  export type Headers = readonly (readonly [name: string, value: string])[];
  export type Query = readonly (readonly [name: string, value: string])[];
  export type Payload =
    | { readonly tag: "none" }
    | { readonly tag: "text"; readonly val: string }
    | { readonly tag: "bytes"; readonly val: Uint8Array };
  export interface Client {
    readonly name: string;
    readonly host: string;
  }
  export interface Request {
    readonly id: string;
    readonly method: Method;
    readonly path: string;
    readonly query: Query;
    readonly headers: Headers;
    readonly body: Payload;
    readonly client: Client;
  }
  export interface Response {
    readonly status: number;
    readonly headers: Headers;
    readonly body: Payload;
  }
}

declare module "tailor:bff/downstream@0.1.1" {
  import type { Headers, Method, Payload, Query } from "tailor:bff/types@0.1.1";

  export interface Call {
    readonly service: string;
    readonly method: Method;
    readonly path: string;
    readonly query: Query;
    readonly headers: Headers;
    readonly body: Payload;
    readonly select: readonly string[];
    readonly timeoutMs?: number | null;
    readonly profile?: string | null;
  }
  export type Source = "live" | "cached" | "stale" | "fallback";
  export interface Reply {
    readonly status: number;
    readonly headers: Headers;
    readonly body: Payload;
    readonly selected: readonly (string | null)[];
    readonly source: Source;
  }
  export type FailureKind =
    | "denied"
    | "invalid"
    | "exhausted"
    | "timeout"
    | "unreachable"
    | "interrupted"
    | "overloaded"
    | "too-large"
    | "malformed"
    | "rejected";
  export interface Failure {
    readonly kind: FailureKind;
    readonly sent: boolean;
    readonly detail: string;
  }
  export type Result = { readonly tag: "ok"; readonly val: Reply } | { readonly tag: "err"; readonly val: Failure };

  /** Throws an `Error` whose `payload` is the `Failure`. */
  export function fetch(call: Call): Reply;
  export function fetchAll(calls: readonly Call[]): Result[];
  /** Made by `start` only. */
  export class Exchange {
    private constructor();
    /** Throws an `Error` whose `payload` is the `Failure`. */
    wait(): Reply;
  }
  export function start(call: Call): Exchange;
  export function waitAny(exchanges: readonly Exchange[], timeoutMs: number | null): number | null;
}

declare module "tailor:bff/runtime@0.1.1" {
  export type Level = "debug" | "info" | "warn" | "error";

  export function log(level: Level, message: string, fields: readonly (readonly [name: string, value: string])[]): void;
  export function config(key: string): string | null;
  export function nowMs(): number;
  export function timeLeftMs(): number;
  export function elapsedNs(): number;
  export function random(length: number): Uint8Array;
}

// Sources that name an earlier patch of the contract get this one: a patch only adds functions.
declare module "tailor:bff/types@0.1.0" {
  export * from "tailor:bff/types@0.1.1";
}
declare module "tailor:bff/downstream@0.1.0" {
  export * from "tailor:bff/downstream@0.1.1";
}
declare module "tailor:bff/runtime@0.1.0" {
  export * from "tailor:bff/runtime@0.1.1";
}

/**
 * Calls that are started before their results are wanted: for chains, where one answer leads to the
 * next call while others are still under way, and for the first of several.
 */
import { Exchange, start as startRaw, waitAny as waitAnyRaw } from "tailor:bff/downstream@0.1.1";
import { refuse, wrongExchanges } from "./call-shape.ts";
import { callOf, outcome, type JsonCall } from "./downstream.ts";
import { launch, resultOf } from "./loop.ts";
import type { Outcome } from "./missing.ts";
import { needHost } from "./module-level.ts";
import { kindOf } from "./shape.ts";

/** A call under way. Made by `start`. */
export interface Started<T> {
  /** Waits for the outcome. It can be taken once; a second `wait` is `failed` as `invalid`. */
  readonly wait: () => Outcome<T>;
  /** The contract's own handle. */
  readonly exchange: Exchange;
}

/** Starts a call and returns at once. */
export function start<T>(call: JsonCall<T>): Started<T> {
  needHost("start()");
  const exchange = startRaw(callOf(call));
  return { exchange, wait: () => outcome(call, resultOf(exchange)) };
}

/**
 * Waits until one of these calls has its result, and gives its place in the list, of several the
 * first: `wait` returns at once then. Calls whose outcome was taken are passed over. `undefined`
 * when `limitMs` have passed (0 looks without waiting), when the request's time for calls is over,
 * and at once when there is no limit and nothing to wait for. An empty list with a limit waits for
 * that time. At most 1,024 calls, and each counts as one more of the BFF's handles
 * (`limits.handles`) meanwhile: more of these end the instance.
 */
export function waitAny(calls: readonly Started<unknown>[], limitMs?: number): number | undefined {
  needHost("waitAny()");
  if (limitMs !== undefined && (typeof limitMs !== "number" || Number.isNaN(limitMs))) {
    throw new TypeError(`waitAny: limitMs is ${typeof limitMs === "number" ? "NaN" : kindOf(limitMs)}, not a number`);
  }
  const limit = limitMs === undefined ? null : Math.min(Math.max(0, Math.ceil(limitMs)), 0xffff_ffff);
  const exchanges = calls.map(({ exchange }) => exchange);
  refuse("waitAny", wrongExchanges(exchanges, (exchange) => exchange instanceof Exchange));
  return waitAnyRaw(exchanges, limit) ?? undefined;
}

/**
 * Starts a call and promises its outcome, for `async` handlers. Promises that are made before one
 * is awaited are under way together: `await Promise.all([send(one), send(other)])`. `fetchAll` does
 * the same in one step, and costs less.
 */
export function send<T>(call: JsonCall<T>): Promise<Outcome<T>> {
  needHost("send()");
  return launch(callOf(call)).result.then((result) => outcome(call, result));
}

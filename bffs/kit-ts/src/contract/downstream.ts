/**
 * The contract's `downstream` as a BFF imports it: what the engine would end the instance for is a
 * `TypeError`.
 */
import * as host from "tailor:bff/downstream@0.1.1";
import type { Call, Reply, Result } from "tailor:bff/downstream@0.1.1";
import { kindOf } from "../shape.ts";
import { MAX_U32, refuse, wrongCall, wrongExchanges, wrongNumber } from "../call-shape.ts";
import { needHost } from "../module-level.ts";

export const { Exchange } = host;
export type Exchange = host.Exchange;

/** Throws an `Error` whose `payload` is the `Failure`. */
export function fetch(call: Call): Reply {
  needHost("fetch()");
  refuse("the call cannot be made", wrongCall(call));
  return host.fetch(call);
}

export function fetchAll(calls: readonly Call[]): Result[] {
  needHost("fetchAll()");
  if (!Array.isArray(calls)) throw new TypeError(`the calls cannot be made: they are ${kindOf(calls)}, not an array`);
  for (const [index, call] of calls.entries()) refuse(`the call ${index} cannot be made`, wrongCall(call));
  return host.fetchAll(calls);
}

export function start(call: Call): Exchange {
  needHost("start()");
  refuse("the call cannot be started", wrongCall(call));
  return host.start(call);
}

export function waitAny(exchanges: readonly Exchange[], timeoutMs: number | null): number | null {
  needHost("waitAny()");
  refuse("waitAny", wrongExchanges(exchanges, (exchange) => exchange instanceof Exchange));
  if (timeoutMs !== null) refuse("waitAny", wrongNumber("timeoutMs", timeoutMs, MAX_U32));
  return host.waitAny(exchanges, timeoutMs);
}

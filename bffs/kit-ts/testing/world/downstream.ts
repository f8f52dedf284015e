/** The double of `tailor:bff/downstream`. */
import type * as contract from "tailor:bff/downstream@0.1.1";
import { illegal } from "../contract.ts";
import { failure, selected } from "../replies.ts";
import { timeLeftMs } from "./runtime.ts";
import { world } from "./state.ts";

/** Calls that one `waitAny` may wait for. */
const MAX_WAITED = 1024;

/** A call under way. */
export class Exchange {
  readonly #service: string;
  readonly #readyMs: number;
  #result: contract.Reply | contract.Failure | undefined;

  constructor(service: string, readyMs: number, result: contract.Reply | contract.Failure) {
    this.#service = service;
    this.#readyMs = readyMs;
    this.#result = result;
  }

  wait(): contract.Reply {
    return unwrap(this.take());
  }

  /** When the result is there, unless it was taken. */
  get readyMs(): number | undefined {
    return this.#result === undefined ? undefined : this.#readyMs;
  }

  /** The result without the throw. */
  take(): contract.Result {
    const result = this.#result ?? failure("invalid", this.#service);
    this.#result = undefined;
    const now = world();
    now.waitedMs = Math.max(now.waitedMs, this.#readyMs);
    return "kind" in result ? { tag: "err", val: result } : { tag: "ok", val: result };
  }
}

export function start(call: contract.Call): Exchange {
  const fault = illegal(call);
  const now = world();
  const { delayMs, result } = now.answer(call);
  if (fault !== undefined) {
    const detail = `service \`${call.service}\`: ${fault}`;
    return new Exchange(call.service, now.waitedMs, { ...failure("invalid", call.service), detail });
  }
  const limit = Math.min(call.timeoutMs ?? Infinity, timeLeftMs());
  if (delayMs >= limit) return new Exchange(call.service, now.waitedMs + limit, failure("timeout", call.service));
  return new Exchange(call.service, now.waitedMs + delayMs, "kind" in result ? result : selected(call, result));
}

export function waitAny(exchanges: readonly Exchange[], timeoutMs: number | null): number | null {
  if (exchanges.length > MAX_WAITED) throw new Error(`wait-any: ${exchanges.length} calls at once are more than ${MAX_WAITED}`);
  const now = world();
  const end = timeoutMs === null ? Infinity : now.waitedMs + Math.min(timeoutMs, timeLeftMs());
  const times = exchanges.map(({ readyMs }) => (readyMs === undefined ? Infinity : Math.max(readyMs, now.waitedMs)));
  const first = Math.min(...times);
  if (first === Infinity && end === Infinity) return null;
  now.waitedMs = Math.min(first, end);
  return first <= end ? times.indexOf(first) : null;
}

export function fetch(call: contract.Call): contract.Reply {
  return start(call).wait();
}

export function fetchAll(calls: readonly contract.Call[]): contract.Result[] {
  return calls.map(start).map((exchange) => exchange.take());
}

/** As the engine does it: a failure is thrown, as the `payload` of an error. */
function unwrap(result: contract.Result): contract.Reply {
  if (result.tag === "ok") return result.val;
  throw Object.assign(new Error("[object Object] (see error.payload)"), { payload: result.val });
}

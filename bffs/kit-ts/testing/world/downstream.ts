/** The double of `tailor:bff/downstream`. */
import type * as contract from "tailor:bff/downstream@0.1.0";
import { illegal } from "../contract.ts";
import { failure, selected } from "../replies.ts";
import { timeLeftMs } from "./runtime.ts";
import { world } from "./state.ts";

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

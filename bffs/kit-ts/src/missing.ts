/**
 * Why a part of an answer is not there, in four words that all kits of tailor share: `failed`,
 * `not-found`, `no-value` and `unreadable`. Nothing here decides what a missing part means for the
 * client; that is the BFF's.
 */
import type { FailureKind, Reply } from "tailor:bff/downstream@0.1.1";
import { Problem } from "./problem.ts";

/** Why a call failed: the failure of the contract, or a status that is neither 2xx nor 404. */
export type Reason = FailureKind | `status-${number}`;

/**
 * Why a part of the answer is not there. `reply` is what the service answered, if it did: its
 * status, fields and body.
 */
export type Missing =
  /** There is no reply, or one with a status other than 2xx and 404. */
  | { readonly kind: "failed"; readonly reason: Reason; readonly reply?: Reply }
  /** The service has no such thing, and answered 404. */
  | { readonly kind: "not-found"; readonly reply?: Reply }
  /**
   * The answer has no such value, or it is `null`: the position in the call's `select`; without one
   * the whole document was wanted, and there is no body, as with 204, or it is `null`.
   */
  | { readonly kind: "no-value"; readonly index?: number; readonly reply?: Reply }
  /** The document or value is not of the expected form. */
  | { readonly kind: "unreadable"; readonly reply?: Reply };

/** What was read of an answer, or why there is nothing. */
export type Outcome<T> =
  /**
   * A 2xx answer whose JSON is as expected. `stale`: the host had to fall back on an old one, or on
   * one that the operator declared. `reply` has the status (200, 201, 202) and the fields.
   */
  | { readonly kind: "value"; readonly value: T; readonly stale: boolean; readonly reply?: Reply }
  | Missing;

/**
 * Seconds a client is asked to wait when no service answered: services restart and breakers probe
 * within a few.
 */
const RETRY_AFTER_S = "5";

/**
 * The reason in a word, for clients: the kind, but for `failed` that of the failure (`timeout`) or
 * the status (`status-503`).
 */
export function why(missing: Missing): string {
  return missing.kind === "failed" ? missing.reason : missing.kind;
}

/**
 * The value of a part that the answer cannot do without. Throws a `Problem` where it is missing:
 * 404 for `not-found`, the service's status where it refused a write as the client made it (409,
 * 412, 422), else 503 with `retry-after` and the reason in a word.
 */
export function valueOrProblem<T>(outcome: Outcome<T>): T {
  if (outcome.kind === "value") return outcome.value;
  if (outcome.kind === "not-found") throw new Problem(404, "the service has no such thing");
  const status = outcome.kind === "failed" ? outcome.reply?.status : undefined;
  if (status === 409 || status === 412 || status === 422) throw new Problem(status, `the service refused this: ${why(outcome)}`);
  throw unavailable(`no answer of the service: ${why(outcome)}`);
}

/**
 * The problem when not one part of an answer arrived: 404 with `notFound` when a service says that
 * it has no such thing, else 503 with `retry-after` and the reason for each part by its name.
 * `word` says the reason.
 */
export function nothingArrived(
  notFound: string,
  missing: Readonly<Record<string, Missing>>,
  word: (missing: Missing) => string = why,
): Problem {
  const parts = Object.entries(missing);
  if (parts.some(([, part]) => part.kind === "not-found")) return new Problem(404, notFound);
  return unavailable(`no part is available: ${parts.map(([name, part]) => `${name} (${word(part)})`).join(", ")}`);
}

/** 503 with `retry-after`: what services did not answer now, they may answer soon. */
export function unavailable(detail: string): Problem {
  return new Problem(503, detail, { headers: [["retry-after", RETRY_AFTER_S]] });
}

/** Parts of a screen: what a service answers, or a word for why it is not there. */
import { DecodeError, type Decoder } from "@tailor/kit";

/** A part, as far as it arrived. */
export type Part<T> = { readonly value: T } | { readonly why: string };

/**
 * Calls a service. A part that fails must not fail the whole, so what a service does is not
 * thrown.
 */
export async function part<T>(address: string, read: Decoder<T>, signal: AbortSignal): Promise<Part<T>> {
  try {
    const response = await fetch(address, { signal });
    return response.ok ? { value: read(await response.json()) } : { why: `status-${response.status}` };
  } catch (error) {
    return { why: reason(address, error) };
  }
}

/** Why a call has no answer that can be read, in a word. Throws on what is a fault of this code. */
export function reason(address: string, error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") return "slow";
  // What the host says about the call: `timeout`, `unreachable`, `denied`, ...
  if (error instanceof TypeError && isFailure(error.cause)) return error.cause.kind;
  if (!(error instanceof SyntaxError || error instanceof DecodeError)) throw error;
  console.warn(`${new URL(address).host}: ${error.message}`);
  return "unreadable";
}

function isFailure(cause: unknown): cause is { readonly kind: string } {
  return typeof cause === "object" && cause !== null && "kind" in cause && typeof cause.kind === "string";
}

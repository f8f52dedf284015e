/** The host's clock that only goes forward, and its random numbers. */
import { elapsedNs, random } from "tailor:bff/runtime@0.1.1";

/** Milliseconds, with fractions, since the host received this request. Nobody sets this clock, other than `nowMs`. */
export function elapsedMs(): number {
  return elapsedNs() / 1e6;
}

/** So many random bytes, at most 65,536, which nobody can guess: for keys and ids. In a test they are those of its `seed`. */
export function randomBytes(length: number): Uint8Array {
  return random(length);
}

/** The host's settings, clocks and random numbers. */
import { config as hostConfig, elapsedNs, nowMs as hostNowMs, random, timeLeftMs as hostTimeLeftMs } from "tailor:bff/runtime@0.1.1";
import { needText, refuse, wrongNumber } from "./call-shape.ts";
import { needHost } from "./module-level.ts";

/** A setting of this BFF from the operator's file, or `null`. */
export function config(key: string): string | null {
  needHost("config()");
  needText("config: key", key);
  return hostConfig(key);
}

/** The time of day in milliseconds since 1970-01-01T00:00:00Z. */
export function nowMs(): number {
  needHost("nowMs()");
  return hostNowMs();
}

/** Milliseconds left until this request's deadline, 0 when it has passed. */
export function timeLeftMs(): number {
  needHost("timeLeftMs()");
  return hostTimeLeftMs();
}

/**
 * Milliseconds, with fractions, since the host received this request. Nobody sets this clock, other
 * than `nowMs`.
 */
export function elapsedMs(): number {
  needHost("elapsedMs()");
  return elapsedNs() / 1e6;
}

/**
 * Random bytes, at most 65,536 at once, which nobody can guess: for keys and ids. In a test they
 * are those of its `seed`.
 */
export function randomBytes(length: number): Uint8Array {
  needHost("randomBytes()");
  refuse("randomBytes", wrongNumber("length", length, 65_536));
  return random(length);
}

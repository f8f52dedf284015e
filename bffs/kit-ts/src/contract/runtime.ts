/**
 * The contract's `runtime` as a BFF imports it: what the engine would end the instance for is a
 * `TypeError`.
 */
import * as host from "tailor:bff/runtime@0.1.1";
import type { Level } from "tailor:bff/runtime@0.1.1";
import { needText, refuse, wrongNumber } from "../call-shape.ts";
import { needHost } from "../module-level.ts";
import { kindOf, wrongHeaders } from "../shape.ts";

const LEVELS: readonly unknown[] = ["debug", "info", "warn", "error"];

export function log(level: Level, message: string, fields: readonly (readonly [name: string, value: string])[]): void {
  needHost("log()");
  if (!LEVELS.includes(level)) {
    const found = typeof level === "string" ? "another text" : kindOf(level);
    throw new TypeError(`log: level is ${found}, not "debug", "info", "warn" or "error"`);
  }
  needText("log: message", message);
  refuse("log", wrongHeaders(fields, "fields"));
  host.log(level, message, fields);
}

export function config(key: string): string | null {
  needHost("config()");
  needText("config: key", key);
  return host.config(key);
}

export function random(length: number): Uint8Array {
  needHost("random()");
  refuse("random", wrongNumber("length", length, 65_536));
  return host.random(length);
}

export function nowMs(): number {
  needHost("nowMs()");
  return host.nowMs();
}

export function timeLeftMs(): number {
  needHost("timeLeftMs()");
  return host.timeLeftMs();
}

export function elapsedNs(): number {
  needHost("elapsedNs()");
  return host.elapsedNs();
}

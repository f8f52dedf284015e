/** The double of `tailor:bff/runtime`. */
import type * as contract from "tailor:bff/runtime@0.1.1";
import { world } from "./state.ts";

const MAX_RANDOM = 65_536;

export const log: typeof contract.log = (level, message, fields) => {
  world().log(level, message, fields);
};

export const config: typeof contract.config = (key) => world().config(key);

export const nowMs: typeof contract.nowMs = () => world().nowMs + world().waitedMs;

export const elapsedNs: typeof contract.elapsedNs = () => world().waitedMs * 1e6;

/**
 * The bytes that the host makes from a seed: the highest eight bits of each number of Mulberry32.
 */
export const random: typeof contract.random = (length) => {
  if (length > MAX_RANDOM) throw new Error(`random: ${length} bytes at once are more than ${MAX_RANDOM}`);
  const now = world();
  return Uint8Array.from({ length }, () => {
    const seed = (now.random = (now.random + 0x6d2b79f5) | 0);
    const mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    const once = mixed ^ (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61));
    return (once ^ (once >>> 14)) >>> 24;
  });
};

export const timeLeftMs: typeof contract.timeLeftMs = () => Math.max(0, world().timeLeftMs - world().waitedMs);

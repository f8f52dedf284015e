/** The double of `tailor:bff/runtime`. */
import type * as contract from "tailor:bff/runtime@0.1.0";
import { world } from "./state.ts";

export const log: typeof contract.log = (level, message, fields) => {
  world().log(level, message, fields);
};

export const config: typeof contract.config = (key) => world().config(key);

export const nowMs: typeof contract.nowMs = () => world().nowMs + world().waitedMs;

export const timeLeftMs: typeof contract.timeLeftMs = () => Math.max(0, world().timeLeftMs - world().waitedMs);

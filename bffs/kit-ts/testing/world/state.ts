/**
 * The world of the call that is running. Handlers are synchronous, so there is one at a time in a
 * process.
 */
import type { Call } from "tailor:bff/downstream@0.1.1";
import type { Level } from "tailor:bff/runtime@0.1.1";
import type { Timed } from "../replies.ts";

/** What the doubles answer with. */
export interface World {
  readonly answer: (call: Call) => Timed;
  readonly log: (level: Level, message: string, fields: readonly (readonly [name: string, value: string])[]) => void;
  readonly config: (key: string) => string | null;
  /** When the request arrived. */
  readonly nowMs: number;
  /** What was left of its deadline then. */
  readonly timeLeftMs: number;
  /** The state of the generator of random bytes. */
  random: number;
  /** How long the handler has waited since; counted, never waited. */
  waitedMs: number;
}

let current: World | undefined;

/** Makes `world` the running one, until the returned function is called. */
export function enter(world: World): () => void {
  const before = current;
  current = world;
  return () => {
    current = before;
  };
}

/**
 * The running world. Throws outside of `call`: module-level code runs when a component is built and
 * has no host.
 */
export function world(): World {
  if (current === undefined) throw new Error("the host was called outside of a request, for example at module level");
  return current;
}

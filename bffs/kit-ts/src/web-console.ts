/** `console`, whose lines are the log's. */
import { elapsedNs } from "tailor:bff/runtime@0.1.1";
import { log } from "./log.ts";
import { makeConsole } from "./web/console.ts";

export const console = makeConsole((level, text) => log[level](text), () => elapsedNs() / 1e6);

/**
 * Lines in the host's log. Each carries the BFF, its version and the request id already. Never log
 * personal data.
 */
import { log as write, type Level } from "tailor:bff/runtime@0.1.1";
import { needHost } from "./module-level.ts";
import { kindOf } from "./shape.ts";

/** Named values of a line. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

function at(level: Level): (message: string, fields?: Fields) => void {
  return (message, fields = {}) => {
    needHost("log");
    if (typeof message !== "string") throw new TypeError(`log: message is ${kindOf(message)}, not a string`);
    // A lone surrogate in a string that leaves the engine ends the instance.
    const pairs = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value).toWellFormed()]);
    write(level, message.toWellFormed(), pairs);
  };
}

/**
 * Writes a line: `log.warn("no unit in profile", { unit })`. The host cuts lines at 4 KiB and
 * limits their number.
 */
export const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } as const;

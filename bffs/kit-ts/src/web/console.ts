/** `console` of the Console Standard. Each call is one line of the log. */
import { inspect, type InspectOptions } from "./inspect.ts";

export type ConsoleLevel = "debug" | "info" | "warn" | "error";
/** Gets each line. What is too long, it cuts. */
export type ConsoleSink = (level: ConsoleLevel, text: string) => void;

export interface Console {
  log(...data: unknown[]): void;
  info(...data: unknown[]): void;
  debug(...data: unknown[]): void;
  warn(...data: unknown[]): void;
  error(...data: unknown[]): void;
  /** The stack that leads here, at the level `debug`. */
  trace(...data: unknown[]): void;
  assert(condition?: unknown, ...data: unknown[]): void;
  dir(value?: unknown, options?: InspectOptions): void;
  dirxml(...data: unknown[]): void;
  /** As `log`: there are no lines for the rows of a table. */
  table(data?: unknown, columns?: readonly string[]): void;
  count(label?: string): void;
  countReset(label?: string): void;
  time(label?: string): void;
  timeLog(label?: string, ...data: unknown[]): void;
  timeEnd(label?: string): void;
  group(...data: unknown[]): void;
  groupCollapsed(...data: unknown[]): void;
  groupEnd(): void;
  /** Nothing: what is in the log stays there. */
  clear(): void;
}

/** A `console` for this sink. `now` is a clock in milliseconds, which `time` asks. */
export function makeConsole(sink: ConsoleSink, now: () => number): Console {
  const counts = new Map<string, number>();
  const begun = new Map<string, number>();
  let indent = "";
  const line = (level: ConsoleLevel, text: string): void => sink(level, indent + text);
  const writer = (level: ConsoleLevel) => (...data: unknown[]): void => line(level, format(data));
  const elapsed = (label: string): string | undefined => {
    const from = begun.get(label);
    if (from !== undefined) return `${label}: ${span(now() - from)}`;
    line("warn", `No such label '${label}' for console.time()`);
    return undefined;
  };
  const group = (...data: unknown[]): void => {
    if (data.length > 0) line("info", format(data));
    indent += "  ";
  };
  return {
    log: writer("info"),
    info: writer("info"),
    debug: writer("debug"),
    warn: writer("warn"),
    error: writer("error"),
    trace(...data) {
      const here = new Error(format(data));
      here.name = "Trace";
      line("debug", inspect(here));
    },
    assert(condition, ...data) {
      if (Boolean(condition)) return;
      const [first, ...rest] = data;
      const words = typeof first === "string" ? format([`Assertion failed: ${first}`, ...rest]) : format(["Assertion failed", ...data]);
      line("error", words);
    },
    dir: (value, options) => line("info", inspect(value, options)),
    dirxml: writer("info"),
    table(data, columns) {
      line("info", inspect(columns === undefined ? data : rowsOf(data, columns)));
    },
    count(label = "default") {
      const count = (counts.get(label) ?? 0) + 1;
      counts.set(label, count);
      line("info", `${label}: ${count}`);
    },
    countReset(label = "default") {
      if (!counts.delete(label)) line("warn", `Count for '${label}' does not exist`);
    },
    time(label = "default") {
      if (begun.has(label)) line("warn", `Label '${label}' already exists for console.time()`);
      else begun.set(label, now());
    },
    timeLog(label = "default", ...data) {
      const text = elapsed(label);
      if (text !== undefined) line("info", format([text, ...data]));
    },
    timeEnd(label = "default") {
      const text = elapsed(label);
      if (text !== undefined) line("info", text);
      begun.delete(label);
    },
    group,
    groupCollapsed: group,
    groupEnd() {
      indent = indent.slice(2);
    },
    clear() {},
  };
}

function rowsOf(data: unknown, columns: readonly string[]): unknown {
  if (!Array.isArray(data)) return data;
  return data.map((row: unknown) => {
    if (typeof row !== "object" || row === null) return row;
    return Object.fromEntries(columns.map((column) => [column, (row as Readonly<Record<string, unknown>>)[column]]));
  });
}

/** `12.3ms`, `1.234s`. */
function span(milliseconds: number): string {
  return milliseconds >= 1_000 ? `${(milliseconds / 1_000).toFixed(3)}s` : `${Number(milliseconds.toFixed(3))}ms`;
}

/** The arguments in one line: the first one may say with `%s` and the like where the others go. */
export function format(data: readonly unknown[]): string {
  const [first] = data;
  if (data.length === 1) return typeof first === "string" ? first : inspect(first);
  let used = 0;
  const words: string[] = [];
  if (typeof first === "string") {
    used = 1;
    words.push(first.includes("%") ? first.replace(/%([sdifjoOc%])/g, (sign, kind: string) => {
      if (kind === "%") return "%";
      if (used === data.length) return sign;
      used += 1;
      return placed(kind, data[used - 1]);
    }) : first);
  }
  for (; used < data.length; used += 1) {
    const value = data[used];
    words.push(typeof value === "string" ? value : inspect(value));
  }
  return words.join(" ");
}

function placed(kind: string, value: unknown): string {
  switch (kind) {
    case "s":
      return asText(value);
    case "d":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" ? "NaN" : inspect(Number(typeof value === "object" && value !== null ? NaN : value));
    case "i":
      if (typeof value === "bigint") return `${value}n`;
      return typeof value === "symbol" ? "NaN" : inspect(parseInt(String(value), 10));
    case "f":
      return typeof value === "symbol" ? "NaN" : inspect(parseFloat(String(value)));
    case "j":
      return asJson(value);
    case "o":
      return inspect(value, { depth: 4, showHidden: true });
    case "O":
      return inspect(value);
    default:
      return "";
  }
}

function asText(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  // One that says itself what it is.
  const own = (value as { readonly toString?: unknown }).toString;
  const isOwn = typeof own === "function" && own !== Object.prototype.toString && own !== Error.prototype.toString && own !== Array.prototype.toString;
  return isOwn && !(value instanceof Date) && !(value instanceof RegExp) ? String(value) : inspect(value, { depth: 0 });
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "undefined";
  } catch (thrown) {
    // Only this one is no fault of what is logged.
    if (thrown instanceof TypeError) return "[Circular]";
    throw thrown;
  }
}

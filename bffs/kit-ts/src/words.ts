/**
 * What was thrown, in a line of text: errors, failures of calls, and whatever else `throw` takes.
 * Every text is cut, so that a line of the log has room for all of its parts.
 */
import { kindOf } from "./shape.ts";
import { sourceStack } from "./stack.ts";
import { insteadOf } from "./web/absent.ts";

/** Members of an object that are shown, and causes and errors of an aggregate. */
const MOST_MEMBERS = 12;
const MOST_ERRORS = 5;
const MOST_CAUSES = 4;
/** Bytes of an error inside of another, and of its stack. */
const INNER = 160;
const INNER_STACK = 160;
/** Calls that are shown of the stack of a cause, and of an error of an aggregate. */
const CAUSE_FRAMES = 3;
const ERROR_FRAMES = 1;
/** Bytes of a member's value. */
const MEMBER = 60;
/** The part of a stack that is looked at: many times of what is shown. */
const STACK_READ = 16_384;

/** Why a call failed, as far as that is known. */
export interface FailureFields {
  readonly kind?: string;
  readonly service?: string;
  readonly detail?: string;
}

/** `TypeError: no such thing`, `Error: the call failed: timeout`, `thrown string: a text`. */
export function inWords(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown ${nonError(thrown)}`;
  const { kind } = failureOf(thrown);
  // The message of the engine has nothing of the failure.
  const message = kind !== undefined && thrown.message.startsWith("[object ") ? `the call failed: ${kind}` : thrown.message;
  const advice = adviceOn(thrown);
  return `${thrown.name}: ${message}${advice === undefined ? "" : `: ${advice}`}`;
}

/** What to use instead of the global that an error says is not there. */
export function adviceOn(thrown: unknown): string | undefined {
  if (!(thrown instanceof ReferenceError)) return undefined;
  const [, name] = /^(\w+) is not defined$/.exec(thrown.message) ?? [];
  return name === undefined ? undefined : insteadOf(name);
}

function nonError(thrown: unknown): string {
  if (thrown === null || thrown === undefined) return String(thrown);
  if (typeof thrown !== "object") return `${typeof thrown}: ${String(thrown)}`;
  const members: string[] = [];
  for (const name in thrown) {
    const value = (thrown as Readonly<Record<string, unknown>>)[name];
    const shown = (typeof value === "object" && value !== null) || typeof value === "function" ? kindOf(value) : String(value);
    members.push(`${name}: ${cut(shown, MEMBER)}`);
    if (members.length === MOST_MEMBERS) break;
  }
  return `object: { ${members.join(", ")} }`;
}

/**
 * The failure that an error carries, or that was thrown itself: of the contract, or one of an
 * `Outcome`.
 */
export function failureOf(thrown: unknown): FailureFields {
  const value = thrown instanceof Error && "payload" in thrown ? thrown.payload : thrown;
  if (typeof value !== "object" || value === null || value instanceof Error) return {};
  const { kind, detail, reason } = value as Readonly<Record<string, unknown>>;
  const text = typeof detail === "string" ? detail : "";
  // The host writes `downstream "sleep": ...`, the doubles of tests ``service `sleep`: ...``.
  const service = /^[a-z]+ ["`]([^"`]+)["`]: /.exec(text)?.[1];
  return {
    ...(typeof kind === "string" ? { kind: kind === "failed" && typeof reason === "string" ? reason : kind } : {}),
    ...(service === undefined ? {} : { service }),
    ...(text === "" ? {} : { detail: text }),
  };
}

/** The calls that led to an error, the innermost first; nothing for what has no stack. */
export function stackOf(thrown: unknown, frames?: number): string {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return "";
  // Node's begins with the message, which may be long.
  const head = `${thrown.name}: ${thrown.message}`;
  const calls = thrown.stack.startsWith(head) ? thrown.stack.slice(head.length) : thrown.stack;
  return sourceStack(calls.slice(0, STACK_READ), frames, thrown);
}

/** The causes of an error, each with its place, the nearest first. */
export function causesOf(thrown: unknown): string {
  const causes: string[] = [];
  const seen = new Set<unknown>([thrown]);
  let inner = thrown;
  while (inner instanceof Error && "cause" in inner && !seen.has(inner.cause) && causes.length < MOST_CAUSES) {
    inner = inner.cause;
    seen.add(inner);
    causes.push(withPlace(inner, CAUSE_FRAMES));
  }
  return causes.join("; ");
}

/** How many errors an aggregate has, and the first of them, each with its place. */
export function errorsOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !("errors" in thrown) || !Array.isArray(thrown.errors)) return "";
  const errors: readonly unknown[] = thrown.errors;
  const shown = errors.slice(0, MOST_ERRORS).map((error) => withPlace(error, ERROR_FRAMES));
  return `${errors.length}: ${shown.join("; ")}`;
}

function withPlace(thrown: unknown, frames: number): string {
  const { detail } = failureOf(thrown);
  const words = cut(detail === undefined ? inWords(thrown) : `${inWords(thrown)}: ${detail}`, INNER);
  const stack = cut(stackOf(thrown, frames), INNER_STACK);
  return stack === "" ? words : `${words} (${stack})`;
}

/** A text of at most `most` bytes of the log, which ends with `...` where it was cut. */
export function cut(text: string, most: number): string {
  const end = "...";
  // Most texts are plain, and each character one byte.
  if (/^[ -~]*$/.test(text)) return text.length <= most ? text : `${text.slice(0, most - end.length)}${end}`;
  let size = 0;
  let position = 0;
  let fitting = 0;
  for (const char of text) {
    if (size <= most - end.length) fitting = position;
    size += bytesOf(char.codePointAt(0) ?? 0);
    position += char.length;
    if (size > most) return `${text.slice(0, fitting)}${end}`;
  }
  return text;
}

/**
 * The size of a character in the host's log: in UTF-8, or escaped where it has no shape or breaks
 * the line.
 */
function bytesOf(char: number): number {
  if (char < 0x20 || (char >= 0x7f && char < 0xa0) || (char >= 0x2000 && char < 0x2070) || char === 0xfeff) return 8;
  if (char < 0x80) return 1;
  if (char < 0x800) return 2;
  return char < 0x1_0000 ? 3 : 4;
}

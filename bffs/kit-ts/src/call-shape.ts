/**
 * What is wrong with the form of a call, or of another value for the host. At a value of another
 * form than the contract's the engine ends the instance without a word: so the kit looks first, and
 * throws where the author's line is in the stack.
 */
import { kindOf, wrongBody, wrongHeaders, wrongText } from "./shape.ts";

const METHODS: readonly unknown[] = ["get", "head", "post", "put", "patch", "delete", "options"];
/** The largest number of 32 bits without a sign. */
export const MAX_U32 = 0xffff_ffff;

/**
 * The first thing that is wrong with a call of the contract, with its place: `query[0][1] is a
 * number, not a string`.
 */
export function wrongCall(call: unknown): string | undefined {
  if (typeof call !== "object" || call === null || Array.isArray(call)) return `it is ${kindOf(call)}, not an object`;
  const { service, method, path, query, headers, body, select, timeoutMs, profile } = call as Readonly<Record<string, unknown>>;
  const wrong = at("service", wrongText(service)) ?? wrongMethod(method) ?? at("path", wrongText(path)) ?? wrongHeaders(query, "query");
  return wrong ?? wrongHeaders(headers) ?? wrongBody(body) ?? wrongTexts("select", select) ?? wrongLimits(timeoutMs, profile);
}

function wrongMethod(method: unknown): string | undefined {
  if (METHODS.includes(method)) return undefined;
  const found = typeof method === "string" ? JSON.stringify(method.slice(0, 16).toWellFormed()) : kindOf(method);
  return `method is ${found}, not one of ${METHODS.map((known) => JSON.stringify(known)).join(", ")}`;
}

function wrongLimits(timeoutMs: unknown, profile: unknown): string | undefined {
  const wrong = timeoutMs === undefined || timeoutMs === null ? undefined : wrongNumber("timeoutMs", timeoutMs, MAX_U32);
  if (wrong !== undefined) return wrong;
  return profile === undefined || profile === null ? undefined : at("profile", wrongText(profile));
}

/** What is wrong with a list of texts. */
export function wrongTexts(name: string, texts: unknown): string | undefined {
  if (!Array.isArray(texts)) return `${name} is ${kindOf(texts)}, not an array`;
  for (let index = 0; index < texts.length; index += 1) {
    const text: unknown = texts[index];
    if (typeof text !== "string" || !text.isWellFormed()) return `${name}[${index}] ${wrongText(text)}`;
  }
  return undefined;
}

/** What is wrong with a number that has to be whole, from 0 to `most`. */
export function wrongNumber(name: string, number: unknown, most: number): string | undefined {
  const allowed = `a whole number from 0 to ${most}`;
  if (typeof number !== "number") return `${name} is ${kindOf(number)}, not ${allowed}`;
  return Number.isInteger(number) && number >= 0 && number <= most ? undefined : `${name} is ${number}, not ${allowed}`;
}

/** Calls that one `wait-any` waits for. */
const MAX_WAITED = 1024;

/** What is wrong with a list of calls under way. `isOne` tells those that the host made. */
export function wrongExchanges(exchanges: unknown, isOne: (exchange: unknown) => boolean): string | undefined {
  if (!Array.isArray(exchanges)) return `exchanges is ${kindOf(exchanges)}, not an array`;
  if (exchanges.length > MAX_WAITED) return `${exchanges.length} calls at once are more than ${MAX_WAITED}`;
  for (let index = 0; index < exchanges.length; index += 1) {
    if (!isOne(exchanges[index])) return `exchanges[${index}] is ${kindOf(exchanges[index])}, not an Exchange`;
  }
  return undefined;
}

/** Throws a `TypeError` when something is wrong. `what` says what cannot be done. */
export function refuse(what: string, wrong: string | undefined): void {
  if (wrong !== undefined) throw new TypeError(`${what}: ${wrong}`);
}

/** Throws a `TypeError` unless it is a text. `name` says of what. */
export function needText(name: string, text: unknown): void {
  const wrong = wrongText(text);
  if (wrong !== undefined) throw new TypeError(`${name} ${wrong}`);
}

function at(name: string, wrong: string | undefined): string | undefined {
  return wrong === undefined ? undefined : `${name} ${wrong}`;
}

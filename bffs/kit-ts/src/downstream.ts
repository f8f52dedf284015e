/**
 * JSON from the services. All calls of a request go out side by side in one `fetchAll`; each comes
 * back as an `Outcome` of its own, so that a part that fails cannot fail the whole. The host has
 * already logged what failed and why.
 */
import { fetchAll as fetchRaw, type Call, type Reply, type Result } from "tailor:bff/downstream@0.1.1";
import type { Headers, Method, Payload, Query } from "tailor:bff/types@0.1.1";
import { DecodeError, nothing, type Decoder } from "./json.ts";
import { isTooDeep, MOST_LEVELS } from "./levels.ts";
import { log } from "./log.ts";
import type { Missing, Outcome } from "./missing.ts";
import { needText, refuse, wrongTexts } from "./call-shape.ts";
import { needHost } from "./module-level.ts";

/** A call that answers JSON. Made by `getJson`, `postJson` and their like. */
export interface JsonCall<T> {
  readonly service: string;
  readonly path: string;
  readonly query: Query;
  readonly select: readonly string[];
  readonly decode: Decoder<T>;
  readonly profile?: string;
  /** What a call has that is not a GET. */
  readonly write?: { readonly method: Method; readonly headers: Headers; readonly body: Payload };
}

/**
 * A call for `fetchAll`. `decode` reads the whole document, or, when there are `select` pointers
 * (RFC 6901), the array of the values they picked, in their order, with `null` where there is none:
 * `nullable` reads what need not be there, anything else makes it `no-value`. Select when little of
 * much is wanted: what is not selected is never parsed in the guest.
 */
export function getJson<T>(
  service: string,
  path: string,
  query: Readonly<Record<string, string>>,
  decode: Decoder<T>,
  select: readonly string[] = [],
): JsonCall<T> {
  // In an interpreter, calls that look at what is right would cost more than all else here.
  if (typeof service !== "string" || !service.isWellFormed()) needText("getJson: service", service);
  if (typeof path !== "string" || !path.isWellFormed()) needText("getJson: path", path);
  const pairs = Object.entries(query);
  for (let index = 0; index < pairs.length; index += 1) {
    const { 0: name, 1: value } = pairs[index] as [string, string];
    if (typeof value !== "string" || !value.isWellFormed() || !name.isWellFormed()) refuseQuery(name, value);
  }
  if (select.length !== 0 || !Array.isArray(select)) refuse("getJson", wrongTexts("select", select));
  return { service, path, query: pairs, select, decode };
}

function refuseQuery(name: string, value: unknown): void {
  needText("getJson: a name in query", name);
  needText(`getJson: query.${name}`, value);
}

/**
 * The same call with other limits of time and of repetitions: those of a profile that the operator
 * defined, such as `fast`.
 */
export function withProfile<T>(call: JsonCall<T>, profile: string): JsonCall<T> {
  needText("withProfile: profile", profile);
  return { ...call, profile };
}

/** Builds a path whose values are percent-encoded: ``path`/users/${user}/days` ``. */
export function path(literals: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  let made = literals[0] as string;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    made += encodeURIComponent((typeof value === "string" ? value : String(value)).toWellFormed()) + (literals[index + 1] as string);
  }
  return made;
}

/**
 * Makes all calls side by side and waits for all: `const [days, nights] = fetchAll(a, b)`. It never
 * throws.
 */
export function fetchAll<T extends readonly unknown[]>(
  ...calls: { readonly [K in keyof T]: JsonCall<T[K]> }
): { readonly [K in keyof T]: Outcome<T[K]> } {
  needHost("fetchAll()");
  const list: readonly JsonCall<unknown>[] = calls;
  const results = fetchRaw(list.map(callOf));
  const outcomes = list.map((call, index) => outcome(call, results[index]));
  // One outcome for each call, decoded by that call's decoder, in the same order.
  return outcomes as { readonly [K in keyof T]: Outcome<T[K]> };
}

const ACCEPT: Headers = [["accept", "application/json"]];
const NO_BODY: Payload = { tag: "none" };

/** The call as the contract has it. */
export function callOf({ service, path: to, query, select, profile, write }: JsonCall<unknown>): Call {
  const call: Call = { service, method: "get", path: to, query, headers: ACCEPT, body: NO_BODY, select };
  // In an interpreter a spread costs more than all of the above, and most calls have neither.
  if (profile === undefined && write === undefined) return call;
  return { ...call, ...write, ...(profile === undefined ? {} : { profile }) };
}

/** What a result is to the call's decoder. */
export function outcome<T>(call: JsonCall<T>, result: Result | undefined): Outcome<T> {
  if (result === undefined) return { kind: "failed", reason: "malformed" };
  if (result.tag === "err") return { kind: "failed", reason: result.val.kind };
  const reply = result.val;
  const { status } = reply;
  if (status === 404) return { kind: "not-found", reply };
  if (status < 200 || status > 299) return { kind: "failed", reason: `status-${status}`, reply };
  return read(reply, call);
}

/**
 * The document of a reply whatever its status: for what a service says about a 409 or 422. The
 * decoder reads `null` where there is no body.
 */
export function readDocument<T>(reply: Reply, decode: Decoder<T>): Outcome<T> {
  return read(reply, { service: "", select: [], decode });
}

function read<T>(reply: Reply, call: Pick<JsonCall<T>, "service" | "select" | "decode">): Outcome<T> {
  const { body, selected, source } = reply;
  let document: unknown;
  try {
    // What is not wanted need not be JSON.
    if (call.decode !== nothing) {
      document = call.select.length > 0 ? parseEach(selected) : parseJson(textOf(body));
    }
    return { kind: "value", value: call.decode(document), stale: source === "stale" || source === "fallback", reply };
  } catch (fault) {
    if (!(fault instanceof DecodeError)) throw fault;
    // The host saw a complete answer, so only this line shows that it was unusable.
    log.warn("answer is not as expected", { service: call.service, fault: fault.message });
    if (document === null && fault.at === "") return { kind: "no-value", reply };
    return noValue(call, reply, fault) ?? { kind: "unreadable", reply };
  }
}

/**
 * The outcome when the fault is that of a selected value which the document does not have. What
 * lies inside of a value belongs to its form.
 */
function noValue(call: Pick<JsonCall<unknown>, "select">, reply: Reply, fault: DecodeError): Missing | undefined {
  const index = call.select.findIndex((_, position) => fault.at === `/${position}`);
  const text = reply.selected[index];
  return text === null || text === "null" ? { kind: "no-value", index, reply } : undefined;
}

function textOf(body: Payload): string {
  if (body.tag === "text") return body.val;
  if (body.tag === "none") return "null";
  throw new DecodeError("expected JSON text, found bytes");
}

function parseEach(selected: Reply["selected"]): unknown[] {
  const values: unknown[] = [];
  for (let index = 0; index < selected.length; index += 1) {
    const part = selected[index] ?? null;
    values.push(part === null ? null : parseJson(part));
  }
  return values;
}

function parseJson(text: string): unknown {
  // A level takes a character.
  if (text.length > MOST_LEVELS && isTooDeep(text)) throw new DecodeError(`more than ${MOST_LEVELS} levels`);
  try {
    return JSON.parse(text);
  } catch {
    // White space alone is no document, as no body is none.
    if (text.trim() === "") return null;
    throw new DecodeError("not JSON");
  }
}

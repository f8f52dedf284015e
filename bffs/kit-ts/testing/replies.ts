/** Which answer a fixture gives to a call. */
import type { Call, Failure, FailureKind, Reply } from "tailor:bff/downstream@0.1.1";
import { fieldsIn, writtenIn, type Downstream, type Fixture } from "./fixture.ts";
import { readNode, type Node } from "./json.ts";
import { pick } from "./pick.ts";

/** An answer and the milliseconds it takes. */
export interface Timed {
  readonly delayMs: number;
  readonly result: Reply | Failure;
}

/** The fixture's answers as one function of the call. */
export function repliesOf(downstreams: NonNullable<Fixture["downstreams"]>): (call: Call) => Timed {
  if (typeof downstreams === "function") return (call) => ({ delayMs: 0, result: downstreams(call) });
  return (call) => {
    const entry = downstreams.find((each) => fits(each, call));
    if (entry === undefined) {
      const detail = `no fixture matches ${call.method} ${target(call)} of \`${call.service}\``;
      return { delayMs: 0, result: { ...failure("unreachable", call.service), detail } };
    }
    const result = entry.failure === undefined ? fixtureReply(entry.reply ?? {}) : failure(entry.failure, call.service);
    return { delayMs: entry["delay-ms"] ?? 0, result };
  };
}

/** A live reply with a JSON document. */
export function reply(status: number, document: unknown): Reply {
  return fixtureReply({ status, json: document });
}

/** A failure of this kind, with a detail that names the service. */
export function failure(kind: FailureKind, service: string): Failure {
  const sent = ["interrupted", "malformed", "timeout", "too-large"].includes(kind);
  return { kind, sent, detail: `service \`${service}\`: ${kind}` };
}

/** Does to a reply what the host does for `select`. */
export function selected(call: Call, whole: Reply): Reply | Failure {
  if (call.select.length === 0) return whole;
  if (whole.status < 200 || whole.status > 299) return { ...whole, selected: call.select.map(() => null) };
  // Nothing is selected of nothing.
  if (whole.body.tag === "none") return { ...whole, selected: call.select.map(() => null) };
  let document: Node;
  try {
    document = readNode(whole.body.tag === "text" ? whole.body.val : "");
  } catch {
    return failure("malformed", call.service);
  }
  return { ...whole, body: { tag: "none" }, selected: call.select.map((pointer) => pick(document, pointer)) };
}

function fits(entry: Downstream, call: Call): boolean {
  if (entry.service !== call.service) return false;
  if (entry.method !== undefined && entry.method.toLowerCase() !== call.method) return false;
  const made = entry.path.includes("?") ? target(call) : call.path;
  if (entry.path.endsWith("\\*")) return made === `${entry.path.slice(0, -2)}*`;
  return entry.path.endsWith("*") ? made.startsWith(entry.path.slice(0, -1)) : made === entry.path;
}

/** Path and query as a service sees them. */
function target(call: Call): string {
  const query = call.query.map((pair) => pair.map(encoded).join("="));
  return query.length === 0 ? call.path : `${call.path}?${query.join("&")}`;
}

/** As the host does it, which leaves only letters, digits and `-._~` as they are. */
function encoded(text: string): string {
  const hex = (mark: string): string => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, hex);
}

function fixtureReply(reply: NonNullable<Downstream["reply"]>): Reply {
  const { status = 200, headers, json, text } = reply;
  const body = json === undefined ? (text ?? "") : writtenIn(reply, json);
  return {
    status,
    headers: fieldsIn(headers, json !== undefined),
    body: body === "" ? { tag: "none" } : { tag: "text", val: body },
    selected: [],
    source: "live",
  };
}

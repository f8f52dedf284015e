/**
 * A reply of a service as the answer to the client: what the service says about a write is often
 * what the client has to know.
 */
import type { Reply } from "tailor:bff/downstream@0.1.1";
import type { Headers, Payload, Response } from "tailor:bff/types@0.1.1";
import { header } from "./body.ts";
import { encodeUtf8, utf8Length } from "./web/utf8.ts";
import { unavailable, why, type Outcome } from "./missing.ts";

/** All names and values of an answer, bytes, with 4 for each field: what the host takes. */
const MAX_HEADERS = 32 * 1024;

/**
 * The reply of an outcome as it came: status, fields and body. Throws a `Problem` (503) where there
 * is none.
 *
 * Left out are the fields that only the host may set (those of the connection, `content-length`,
 * `date`, `server`, `forwarded`, `x-forwarded-*`, `x-request-id`, `tailor-*` and the like), those
 * by which a proxy in front would send something else (`x-accel-redirect`), and what is past 32 KiB
 * of fields. A status that no answer may have becomes 502. After a `select` there is no body, since
 * it stayed with the host.
 */
export function handBack(outcome: Outcome<unknown>): Response {
  const { reply } = outcome;
  if (reply === undefined) throw unavailable(`no answer of the service: ${outcome.kind === "value" ? "none" : why(outcome)}`);
  const status = reply.status >= 200 && reply.status <= 599 ? reply.status : 502;
  return { status, headers: fieldsOf(reply.headers), body: bodyOf(status, reply) };
}

function fieldsOf(given: Headers): Headers {
  let size = 0;
  const fields: (readonly [string, string])[] = [];
  for (const [name, value] of given) {
    if (isHosts(name)) continue;
    size += utf8Length(name) + utf8Length(value) + 4;
    if (size > MAX_HEADERS) break;
    fields.push([name, value]);
  }
  return fields;
}

function bodyOf(status: number, reply: Reply): Payload {
  // No answer of these has a body.
  if (status === 204 || status === 205 || status === 304) return { tag: "none" };
  // The host would call a text without a type JSON.
  if (reply.body.tag === "text" && header(reply, "content-type") === undefined) return { tag: "bytes", val: encodeUtf8(reply.body.val) };
  return reply.body;
}

const NAMES = [
  "connection", "content-length", "date", "expect", "forwarded", "host", "http2-settings", "keep-alive", "server", "te",
  "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "x-real-ip", "x-request-id",
];
const BEGINNINGS = ["proxy-", "tailor-", "x-accel-", "x-forwarded-", "x-lighttpd-", "x-reproxy-", "x-sendfile"];

const HOSTS = new RegExp(`^(?:${NAMES.join("|")})$|^(?:${BEGINNINGS.join("|")})`, "i");

/**
 * Whether a field of an answer is the host's, or an order to a proxy. Names are read as the host
 * reads them: any other character than a letter or digit counts as a dash.
 */
export function isHosts(name: string): boolean {
  return HOSTS.test(name.replace(/[^0-9A-Za-z]/g, "-"));
}

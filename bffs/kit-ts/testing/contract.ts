/**
 * What the host and the engine refuse, so that a test fails where production would. The rules are
 * those of `wit/tailor.wit`.
 */
import assert from "node:assert/strict";
import type { Call } from "tailor:bff/downstream@0.1.1";
import type { Headers, Payload, Response } from "tailor:bff/types@0.1.1";
import { isHosts } from "../src/hand-back.ts";

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];

/**
 * Why the host would answer this call with the failure `invalid`, if it would. Throws where the
 * engine would end.
 */
export function illegal(call: Call): string | undefined {
  assert.ok(METHODS.includes(call.method), `call of ${call.service}: method ${call.method} is not of the contract`);
  assertShape(`call of ${call.service}`, call.headers, call.body);
  if (!/^\/(?:[\x21-\x24\x26-\x5b\x5d-\x7e]|%[0-9a-f]{2})*$/i.test(call.path)) return "path is not `/` and percent-encoded segments";
  if (/[?#]/.test(call.path)) return "path has a query or a fragment";
  if (call.path.includes("//")) return "path has an empty segment";
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(call.path)) return "path has a segment `.` or `..`";
  if (/%2f|%5c/i.test(call.path)) return "path has an encoded slash, which a service could take for one";
  if (call.path.length > 8192) return "path is longer than 8 KiB";
  if (call.select.length > 64) return "select has more than 64 pointers";
  if (!call.select.every((pointer) => pointer === "" || pointer.startsWith("/"))) return "a pointer does not begin with `/`";
  if (["get", "head"].includes(call.method) && call.body.tag !== "none") return `a ${call.method} call has a body`;
  const [credential] = call.headers.find(([name]) => CREDENTIAL.test(name)) ?? [];
  if (credential !== undefined) return `header ${credential} is a credential, which the operator lets the host pass on`;
  const [foreign] = call.headers.find(([, value]) => /[^\x00-\x7f]/.test(value)) ?? [];
  if (foreign !== undefined) return `header ${foreign} has a character that is not ASCII`;
  return illegalHeader(call.headers, /^(?:date|server)$/i);
}

const CREDENTIAL = /^(?:authorization|authentication-(?:info|control)|(?:set-)?cookie2?|(?:optional-)?www-authenticate)$/i;

/** Throws unless the host would pass this answer on. */
export function assertLegalResponse(response: Response): void {
  const { status, headers, body } = response;
  assertShape("response", headers, body);
  assert.ok(Number.isInteger(status) && status >= 200 && status <= 599, `response: status ${status}`);
  const empty = body.tag === "none" || body.val.length === 0;
  assert.ok(empty || ![204, 205, 304].includes(status), `response: a body with ${status}`);
  // The host has its own of these, and leaves these out.
  assert.equal(illegalHeader(headers, /^(?:date|server|x-request-id)$/i), undefined, "response");
}

/** The engine ends without a message where these do not hold. */
function assertShape(name: string, headers: Headers, body: Payload): void {
  for (const [field, value] of headers) {
    assert.equal(typeof value, "string", `${name}: header ${field} must be a string`);
    assert.ok(value.isWellFormed(), `${name}: a lone surrogate in header ${field}`);
  }
  assert.ok(["none", "text", "bytes"].includes(body.tag), `${name}: body ${body.tag} is not of the contract`);
  assert.ok(body.tag !== "text" || body.val.isWellFormed(), `${name}: a lone surrogate in the body`);
}

function illegalHeader(headers: Headers, taken: RegExp): string | undefined {
  for (const [field, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(field)) return `header name \`${field}\``;
    if (isHosts(field) && !taken.test(field)) return `header ${field} is set by the host`;
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return `header ${field} has a control character`;
  }
  return undefined;
}

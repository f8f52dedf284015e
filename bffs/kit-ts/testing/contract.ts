/**
 * What the host and the engine refuse, so that a test fails where production would. The rules are
 * those of `wit/tailor.wit`.
 */
import assert from "node:assert/strict";
import type { Call } from "tailor:bff/downstream@0.1.1";
import type { Headers, Payload, Response } from "tailor:bff/types@0.1.1";

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];

/**
 * Why the host would answer this call with the failure `invalid`, if it would. Throws where the
 * engine would end.
 */
export function illegal(call: Call): string | undefined {
  assert.ok(METHODS.includes(call.method), `call of ${call.service}: method ${call.method} is not of the contract`);
  assertShape(`call of ${call.service}`, call.headers, call.body);
  if (!/^\/(?!\/)[\x21-\x7e]*$/.test(call.path)) return "path is not `/` and percent-encoded segments";
  if (/[?#]/.test(call.path)) return "path has a query or a fragment";
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(call.path)) return "path has a segment `.` or `..`";
  if (/%2f|%5c/i.test(call.path)) return "path has an encoded slash, which a service could take for one";
  if (call.path.length > 8192) return "path is longer than 8 KiB";
  if (call.select.length > 64) return "select has more than 64 pointers";
  if (!call.select.every((pointer) => pointer === "" || pointer.startsWith("/"))) return "a pointer does not begin with `/`";
  if (["get", "head"].includes(call.method) && call.body.tag !== "none") return `a ${call.method} call has a body`;
  return illegalHeader(call.headers);
}

/** Throws unless the host would pass this answer on. */
export function assertLegalResponse(response: Response): void {
  const { status, headers, body } = response;
  assertShape("response", headers, body);
  assert.ok(Number.isInteger(status) && status >= 200 && status <= 599, `response: status ${status}`);
  assert.ok((status !== 204 && status !== 304) || body.tag === "none", `response: a body with ${status}`);
  assert.equal(illegalHeader(headers), undefined, "response");
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

const HOST_OWNED =
  /^(host|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length|x-request-id)$/i;

function illegalHeader(headers: Headers): string | undefined {
  for (const [field, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(field)) return `header name \`${field}\``;
    if (HOST_OWNED.test(field)) return `header ${field} is set by the host`;
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return `header ${field} has a control character`;
  }
  return undefined;
}

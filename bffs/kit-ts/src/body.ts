/**
 * Reading the body of a request. What is wrong with it is answered 400, naming the field, and a
 * wrong content type 415. A body that is too large does not come here: the host answers 413.
 */
import type { Query, Request } from "tailor:bff/types@0.1.1";
import { encodeUtf8 } from "./web/utf8.ts";
import { DecodeError, type Decoder } from "./json.ts";
import { isTooDeep, MOST_LEVELS } from "./levels.ts";
import { Problem } from "./problem.ts";
import { cut } from "./query.ts";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/**
 * The body as a JSON document. Its type must be `application/json` or one that ends with `+json`: a
 * page of another site can send other types without asking first, and none at all. Throws a
 * `Problem`: 415 for another content type or none; 400 when there is no body, when it is not JSON
 * or has more than 1,000 levels, and when it has another form, with the JSON pointer of the field.
 */
export function readJson<T>(request: Request, decode: Decoder<T>): T {
  const media = mediaType(request);
  if (media !== JSON_TYPE && !/^application\/.*\+json$/.test(media)) throw unsupported(request, JSON_TYPE);
  const text = readText(request);
  if (text === "") throw badField("", "expected JSON, found none");
  if (isTooDeep(text)) throw badField("", `more than ${MOST_LEVELS} levels of lists and objects`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw badField("", "not JSON");
  }
  try {
    return decode(document);
  } catch (fault) {
    throw fault instanceof DecodeError ? badField(fault.at, fault.what) : fault;
  }
}

/**
 * The pairs of a body that an HTML form sent (`application/x-www-form-urlencoded`), decoded, in
 * order. Throws a `Problem`: 415 for another content type, 400 for what is not percent-encoded
 * UTF-8.
 */
export function readForm(request: Request): Query {
  if (mediaType(request) !== FORM_TYPE) throw unsupported(request, FORM_TYPE);
  const pairs = readText(request).split("&").filter((pair) => pair !== "");
  return pairs.map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [decoded(pair), ""] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
  });
}

/**
 * The body as text, whatever its content type; empty where there is none. Throws a `Problem` (400)
 * when it is not UTF-8.
 */
export function readText({ body }: Request): string {
  if (body.tag === "bytes") throw badField("", "not text in UTF-8");
  return body.tag === "text" ? body.val : "";
}

/** The bytes of the body, whatever its content type; empty where there is none. */
export function readBytes({ body }: Request): Uint8Array {
  return body.tag === "bytes" ? body.val : encodeUtf8(body.tag === "text" ? body.val : "");
}

/**
 * The 400 of a value of the body, also for rules that a decoder does not know: its JSON pointer
 * (`/laps/0/ms`, empty for all of it), and what is wrong with it: `more than 24 hours`.
 */
export function badField(pointer: string, what: string): Problem {
  const field = cut(pointer);
  return new Problem(400, field === "" ? `body: ${what}` : `body field \`${field}\`: ${what}`, { members: { field } });
}

/** The value of the first header of this name (lower case), or `undefined`. */
export function header({ headers }: Pick<Request, "headers">, name: string): string | undefined {
  return headers.find(([known]) => known.toLowerCase() === name)?.[1];
}

function mediaType(request: Request): string {
  return (header(request, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function unsupported(request: Request, allowed: string): Problem {
  const given = header(request, "content-type");
  const said = given === undefined ? "is missing" : `is \`${cut(given)}\``;
  return new Problem(415, `header \`content-type\` ${said}; allowed: ${allowed}`, { headers: [["accept", allowed]] });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw badField("", "not percent-encoded UTF-8");
  }
}

/**
 * What is wrong with the form of an answer. Types do not keep everything out (`any`, casts, plain
 * JavaScript), and at an answer of another form the engine ends the instance without a word: so the
 * entry looks first. Kinds and places are said, never values: they may be personal.
 */

/** The kind of a value with its article: `a number`, `an array`, `undefined`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "bytes";
  if (isPromise(value)) return "a promise";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * The first thing that is wrong with an answer, with its place: `headers[2][1] is a number, not a
 * string`.
 */
export function wrongShape(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer) || isPromise(answer)) return wrongKind(answer);
  const { status, headers, body } = answer as Readonly<Record<string, unknown>>;
  return wrongStatus(status) ?? wrongHeaders(headers) ?? wrongBody(body);
}

function wrongKind(answer: unknown): string {
  const found = `it is ${kindOf(answer)}, not an object`;
  if (answer === undefined) return `${found}: the handler returns nothing`;
  return found;
}

function wrongStatus(status: unknown): string | undefined {
  const allowed = "a whole number from 200 to 599";
  if (typeof status !== "number") return `status is ${kindOf(status)}, not ${allowed}`;
  return Number.isInteger(status) && status >= 200 && status <= 599 ? undefined : `status is ${status}, not ${allowed}`;
}

/** What is wrong with a list of pairs of name and value. */
export function wrongHeaders(headers: unknown, list = "headers"): string | undefined {
  if (!Array.isArray(headers)) return `${list} is ${kindOf(headers)}, not an array`;
  const fields: readonly unknown[] = headers;
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index];
    if (!Array.isArray(field)) return `${list}[${index}] is ${kindOf(field)}, not an array of name and value`;
    const { 0: name, 1: value } = field as readonly unknown[];
    if (typeof name === "string" && name.isWellFormed() && typeof value === "string" && value.isWellFormed()) continue;
    const wrong = wrongText(name) ?? wrongText(value);
    if (wrong !== undefined) return `${list}[${index}][${wrongText(name) === undefined ? 1 : 0}] ${wrong}`;
  }
  return undefined;
}

/** What is wrong with a body. */
export function wrongBody(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return `body is ${kindOf(body)}, not an object with a tag`;
  const { tag, val } = body as Readonly<Record<string, unknown>>;
  switch (tag) {
    case "none":
      return undefined;
    case "text": {
      const wrong = wrongText(val);
      return wrong === undefined ? undefined : `body.val ${wrong}`;
    }
    case "bytes":
      return val instanceof Uint8Array ? undefined : `body.val is ${kindOf(val)}, not a Uint8Array`;
    default:
      return `body.tag is ${typeof tag === "string" ? "another text" : kindOf(tag)}, not "none", "text" or "bytes"`;
  }
}

/** What is wrong with a text. */
export function wrongText(text: unknown): string | undefined {
  if (typeof text !== "string") return `is ${kindOf(text)}, not a string`;
  return text.isWellFormed() ? undefined : "has a lone surrogate, as half an emoji is one";
}

/** Whether a value is awaited by the language. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** `Response` of the Fetch Standard. */
import type { Payload } from "tailor:bff/types@0.1.1";
import { Body, clonedContent, extract, type BodyContent, type BodyInit } from "./body.ts";
import { addTrusted, HeaderFields, Headers, type HeaderList, type HeadersInit } from "./headers.ts";
import { URL } from "./url.ts";

export interface ResponseInit {
  status?: number | undefined;
  statusText?: string | undefined;
  headers?: HeadersInit | undefined;
}
export type ResponseType = "basic" | "cors" | "default" | "error" | "opaque" | "opaqueredirect";

/** What a service answered, for `incomingResponse`. */
export interface IncomingResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Payload;
  /** The address that was asked. */
  readonly url: string;
}

/** What the constructor gets of this file, and of nobody else. */
class Made {
  readonly content: BodyContent;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly type: ResponseType;
  readonly url: string;

  constructor(content: BodyContent, status: number, statusText: string, headers: Headers, type: ResponseType, url = "") {
    this.content = content;
    this.status = status;
    this.statusText = statusText;
    this.headers = headers;
    this.type = type;
    this.url = url;
  }
}

/** What a service answered, as a `Response`. Nothing of it is copied. */
export function incomingResponse({ status, headers, body, url }: IncomingResponse): Response {
  const content = body.tag === "none" ? null : (body.val as string | Uint8Array<ArrayBuffer>);
  return new Response(new Made(content, status, "", new Headers(new HeaderFields(headers)), "basic", url) as unknown as null);
}

/** Statuses that have no body. */
function isNullBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

export class Response extends Body {
  readonly #status: number;
  readonly #statusText: string;
  readonly #headers: Headers;
  readonly #type: ResponseType;
  readonly #url: string;

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    if ((body as unknown) instanceof Made) {
      const made = body as unknown as Made;
      super(made.content);
      this.#status = made.status;
      this.#statusText = made.statusText;
      this.#headers = made.headers;
      this.#type = made.type;
      this.#url = made.url;
      return;
    }
    const { content, type } = extract(body);
    super(content);
    const status = init?.status === undefined ? 200 : Math.trunc(Number(init.status));
    if (!(status >= 200 && status <= 599)) throw new RangeError(`Response: the status is ${init?.status}, not one from 200 to 599`);
    if (content !== null && isNullBody(status)) throw new TypeError(`Response: one of status ${status} has no body`);
    const statusText = init?.statusText === undefined ? "" : `${init.statusText}`;
    if (statusText !== "" && !/^[\t\x20-\x7e\x80-\xff]*$/.test(statusText)) throw new TypeError("Response: the statusText has a character that it may not have");
    this.#status = status;
    this.#statusText = statusText;
    this.#headers = new Headers(init?.headers);
    this.#type = "default";
    this.#url = "";
    if (type !== null && !this.#headers.has("content-type")) addTrusted(this.#headers, "content-type", type);
  }

  /** A response that stands for a failed fetch. */
  static error(): Response {
    return new Response(new Made(null, 0, "", new Headers(), "error") as unknown as null);
  }

  static json(data: unknown, init?: ResponseInit): Response {
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined) throw new TypeError(`Response.json: ${typeof data} is no JSON`);
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) addTrusted(headers, "content-type", "application/json");
    return new Response(text, { status: init?.status, statusText: init?.statusText, headers });
  }

  static redirect(url: string | URL, status = 302): Response {
    const location = new URL(`${url}`).href;
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`Response.redirect: ${status} is no status of a redirect`);
    return new Response(null, { status, headers: { location } });
  }

  get status(): number {
    return this.#status;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status <= 299;
  }

  override get headers(): Headers {
    return this.#headers;
  }

  get type(): ResponseType {
    return this.#type;
  }

  get url(): string {
    return this.#url;
  }

  /** Always false: no redirect is followed. */
  get redirected(): boolean {
    return false;
  }

  clone(): Response {
    const made = new Made(clonedContent(this), this.#status, this.#statusText, new Headers(this.#headers), this.#type, this.#url);
    return new Response(made as unknown as null);
  }

  get [Symbol.toStringTag](): string {
    return "Response";
  }
}

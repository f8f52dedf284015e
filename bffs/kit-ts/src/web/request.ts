/** `Request` of the Fetch Standard. */
import type { Payload } from "tailor:bff/types@0.1.1";
import { AbortController, AbortSignal } from "./abort.ts";
import { Body, clonedContent, extract, movedContent, peekContent, type BodyContent, type BodyInit, type Extracted } from "./body.ts";
import { addTrusted, HeaderFields, Headers, type HeaderList, type HeadersInit } from "./headers.ts";
import { ReadableStream } from "./streams.ts";
import { URL } from "./url.ts";
import { utf8Length } from "./utf8.ts";

export type RequestInfo = Request | string;
export type RequestCache = "default" | "force-cache" | "no-cache" | "no-store" | "only-if-cached" | "reload";
export type RequestCredentials = "include" | "omit" | "same-origin";
export type RequestMode = "cors" | "navigate" | "no-cors" | "same-origin";
export type RequestRedirect = "error" | "follow" | "manual";
export interface RequestInit {
  method?: string | undefined;
  headers?: HeadersInit | undefined;
  body?: BodyInit | null | undefined;
  signal?: AbortSignal | null | undefined;
  redirect?: RequestRedirect | undefined;
  cache?: RequestCache | undefined;
  credentials?: RequestCredentials | undefined;
  mode?: RequestMode | undefined;
  integrity?: string | undefined;
  keepalive?: boolean | undefined;
  referrer?: string | undefined;
  referrerPolicy?: string | undefined;
  duplex?: "half" | undefined;
}

/** A request of a client, for `incomingRequest`. */
export interface IncomingRequest {
  /** In capitals. */
  readonly method: string;
  /** Whole, as `Request.url` shows it. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: HeaderList;
  readonly body: Payload;
}

/** What the constructor gets of this file, and of nobody else. */
class Made {
  readonly content: BodyContent;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers | HeaderList;
  readonly init: RequestInit;
  readonly signal: AbortSignal | undefined;

  constructor(
    content: BodyContent, method: string, url: string, headers: Headers | HeaderList, init: RequestInit, signal?: AbortSignal,
  ) {
    this.content = content;
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.init = init;
    this.signal = signal;
  }
}

const NO_INIT: RequestInit = {};

/** The request of a client. Nothing of it is looked at before somebody asks. */
export function incomingRequest({ method, url, headers, body }: IncomingRequest): Request {
  const content = body.tag === "none" ? null : (body.val as string | Uint8Array<ArrayBuffer>);
  return new Request(new Made(content, method, url, headers, NO_INIT) as unknown as string);
}

const METHODS = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const KEPT = ["redirect", "cache", "credentials", "mode", "integrity", "keepalive", "referrerPolicy"] as const;
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const CHOICES = {
  redirect: ["follow", "error", "manual"],
  cache: ["default", "force-cache", "no-cache", "no-store", "only-if-cached", "reload"],
  credentials: ["same-origin", "include", "omit"],
  mode: ["cors", "no-cors", "same-origin"],
  duplex: ["half"],
} as const;

export class Request extends Body {
  readonly #method: string;
  readonly #url: string;
  #headers: Headers | HeaderList;
  #signal: AbortSignal | undefined;
  /** What was given beside; most never ask. */
  readonly #init: RequestInit;

  constructor(input: RequestInfo | URL, init?: RequestInit) {
    if ((input as unknown) instanceof Made) {
      const made = input as unknown as Made;
      super(made.content);
      this.#method = made.method;
      this.#url = made.url;
      this.#headers = made.headers;
      this.#init = made.init;
      this.#signal = made.signal;
      return;
    }
    if (arguments.length === 0) throw new TypeError("Request: it needs an address");
    checkInit(init);
    const before = input instanceof Request ? input : undefined;
    const url = before === undefined ? address(`${input as string | URL}`) : before.#url;
    const method = init?.method === undefined ? (before === undefined ? "GET" : before.#method) : methodOf(`${init.method}`);
    const extracted = bodyOf(before, init, method);
    super(extracted.content);
    this.#url = url;
    this.#method = method;
    const headers = new Headers(init?.headers ?? before?.headers);
    if (extracted.type !== null && !headers.has("content-type")) addTrusted(headers, "content-type", extracted.type);
    this.#headers = headers;
    this.#init = kept(init, before === undefined ? NO_INIT : before.#init);
    const followed = before === undefined ? undefined : before.#signal;
    const signal = init?.signal === undefined ? followed : init.signal;
    if (signal === null || signal === undefined) return;
    if (!(signal instanceof AbortSignal)) throw new TypeError("Request: the signal is no AbortSignal");
    this.#signal = AbortSignal.any([signal]);
  }

  get method(): string {
    return this.#method;
  }

  get url(): string {
    return this.#url;
  }

  override get headers(): Headers {
    if (this.#headers instanceof Headers) return this.#headers;
    // The host tells no length: that of a whole body is known.
    const content = peekContent(this);
    const known = content === null || content instanceof ReadableStream || this.#headers.some(([name]) => name === "content-length");
    const length = known ? undefined : `${typeof content === "string" ? utf8Length(content) : content.length}`;
    const fields: HeaderList = length === undefined ? this.#headers : [...this.#headers, ["content-length", length]];
    this.#headers = new Headers(new HeaderFields(fields));
    return this.#headers;
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }

  get redirect(): RequestRedirect {
    return this.#init.redirect ?? "follow";
  }

  get cache(): RequestCache {
    return this.#init.cache ?? "default";
  }

  get credentials(): RequestCredentials {
    return this.#init.credentials ?? "same-origin";
  }

  get mode(): RequestMode {
    return this.#init.mode ?? "cors";
  }

  get integrity(): string {
    return `${this.#init.integrity ?? ""}`;
  }

  get keepalive(): boolean {
    return Boolean(this.#init.keepalive);
  }

  get referrer(): string {
    return "about:client";
  }

  get referrerPolicy(): string {
    return `${this.#init.referrerPolicy ?? ""}`;
  }

  get destination(): "" {
    return "";
  }

  get duplex(): "half" {
    return "half";
  }

  clone(): Request {
    const content = clonedContent(this);
    const signal = this.#signal === undefined ? undefined : AbortSignal.any([this.#signal]);
    return new Request(new Made(content, this.#method, this.#url, new Headers(this.headers), this.#init, signal) as unknown as string);
  }

  get [Symbol.toStringTag](): string {
    return "Request";
  }
}

function checkInit(init: RequestInit | undefined): void {
  if (init === undefined || init === null) return;
  if (typeof init !== "object") throw new TypeError("Request: the second argument is no object");
  for (const name of Object.keys(CHOICES) as (keyof typeof CHOICES)[]) {
    const value = init[name];
    if (value !== undefined && !(CHOICES[name] as readonly string[]).includes(`${value}`)) {
      throw new TypeError(`Request: ${name} is one of ${CHOICES[name].join(", ")}`);
    }
  }
  if (init.cache === "only-if-cached" && init.mode !== "same-origin") {
    throw new TypeError("Request: only-if-cached needs the mode same-origin");
  }
}

/** Of what was given beside, what somebody may ask for. */
function kept(init: RequestInit | undefined, before: RequestInit): RequestInit {
  if (init === undefined || init === null) return before;
  let all = before;
  for (const name of KEPT) if (init[name] !== undefined) all = { ...all, [name]: init[name] };
  return all;
}

function address(given: string): string {
  const url = new URL(given);
  if (url.username !== "" || url.password !== "") throw new TypeError("Request: the address has credentials: set the field authorization");
  return url.href;
}

function methodOf(given: string): string {
  const upper = given.toUpperCase();
  if (METHODS.has(upper)) return upper;
  if (!METHOD.test(given)) throw new TypeError(`Request: ${JSON.stringify(given)} is no method`);
  if (FORBIDDEN.has(upper)) throw new TypeError(`Request: the method ${upper} is forbidden`);
  return given;
}

function bodyOf(before: Request | undefined, init: RequestInit | undefined, method: string): Extracted {
  const given = init?.body;
  const taken = (given === undefined || given === null) && before !== undefined;
  const has = taken ? peekContent(before) !== null : given !== undefined && given !== null;
  if (has && (method === "GET" || method === "HEAD")) throw new TypeError(`Request: one with the method ${method} has no body`);
  if (taken) return { content: movedContent(before), type: null };
  if (given instanceof ReadableStream && init?.duplex === undefined) {
    throw new TypeError('Request: a body that is a stream needs `duplex: "half"`');
  }
  return extract(given);
}

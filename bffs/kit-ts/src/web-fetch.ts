/**
 * `fetch` of the web, to the services that the operator granted: the host of the address is the
 * service's name, `http://activity/users/ada`. Everything else of a call is the operator's, as for
 * the kit's own calls: address, credentials, timeouts, repetitions, cache.
 */
import type { Call, Failure, Reply } from "tailor:bff/downstream@0.1.1";
import type { Method, Payload, Query } from "tailor:bff/types@0.1.1";
import { refuse, wrongCall } from "./call-shape.ts";
import { launch } from "./loop.ts";
import { needHost } from "./module-level.ts";
import {
  headerList, incomingResponse, onAbort, Request, URL, wholeBody, type AbortSignal, type RequestInit, type Response,
} from "./web/index.ts";

const METHODS: readonly string[] = ["get", "head", "post", "put", "patch", "delete", "options"];

/** Fields of a request that the standard leaves to the one who sends it. */
const SENDERS = new Set([
  "accept-charset", "accept-encoding", "connection", "content-length", "date", "expect", "host", "keep-alive", "te",
  "trailer", "transfer-encoding", "upgrade", "via",
]);

/**
 * What a call of tailor has beside those of the web: `fetch(url, { tailor: { profile: "fast" } })`.
 */
export interface TailorInit {
  /** A profile of the operator's, with other limits of time and repetitions. */
  readonly profile?: string;
  /** An upper limit for this call, milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * Calls a service. Rejects with a `TypeError` when there is no answer: its `cause` is the failure
 * of the contract, with `kind`, `sent` and `detail`. A status such as 404 or 503 is an answer, and
 * so is a redirection: the host follows none.
 */
export async function fetch(input: string | URL | Request, init?: RequestInit & { readonly tailor?: TailorInit }): Promise<Response> {
  needHost("fetch()");
  // Made here for its stack: nothing that comes after an `await` has the caller's line.
  const fault = new TypeError("fetch failed");
  const request = new Request(input, init);
  const { signal } = request;
  signal.throwIfAborted();
  const call = await callOf(request, init?.tailor ?? {});
  refuse("fetch", wrongCall(call));
  const { result, forget } = launch(call);
  const ended = await unlessAborted(signal, result, forget);
  if (ended.tag === "err") throw failed(fault, ended.val);
  return answered(request.url, ended.val);
}

async function callOf(request: Request, { profile, timeoutMs }: TailorInit): Promise<Call> {
  const url = new URL(request.url);
  const method = request.method.toLowerCase();
  if (!METHODS.includes(method)) throw new TypeError(`fetch: the method ${request.method} cannot be sent; those that can: ${METHODS.join(", ")}`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`fetch: ${url.protocol} is no way to a service; write http:// and its name: http://activity/`);
  }
  if (url.port !== "" || url.username !== "" || url.password !== "") {
    throw new TypeError(`fetch: ${url.hostname} is called by its name alone: its port and credentials are the operator's`);
  }
  const headers = headerList(request.headers).filter(([name]) => !SENDERS.has(name) && !name.startsWith("proxy-") && !name.startsWith("sec-"));
  return {
    service: url.hostname,
    method: method as Method,
    path: url.pathname,
    query: [...url.searchParams] as Query,
    headers,
    body: await wholeBody(request),
    select: [],
    ...(profile === undefined ? {} : { profile }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function answered(url: string, { status, headers, body }: Reply): Response {
  return incomingResponse({ url, status, headers, body: withoutText(body) });
}

/** A status without a body has none, also where a service sent an empty one. */
function withoutText(body: Payload): Payload {
  return body.tag === "text" && body.val === "" ? { tag: "none" } : body;
}

/** As the error of Node's `fetch`: what was wrong is its cause. */
function failed(fault: TypeError, failure: Failure): TypeError {
  fault.message += `: ${failure.detail}`;
  Object.defineProperty(fault, "cause", { value: failure, writable: true, configurable: true });
  return fault;
}

function unlessAborted<T>(signal: AbortSignal, result: Promise<T>, forget: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const listenNoMore = onAbort(signal, () => {
      forget();
      reject(signal.reason);
    });
    void result.then(resolve, reject).then(listenNoMore);
  });
}

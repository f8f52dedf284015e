/**
 * Handlers in the web's way, as for Workers, Deno and Bun: `export default { fetch }`, or an app of
 * Hono. `env` has the settings of this BFF; what `waitUntil` is given is waited for before the
 * answer is sent, as nothing of a request outlives it.
 */
import type { Request as HostRequest, Response as HostResponse } from "tailor:bff/types@0.1.1";
import { watched, type Handler } from "./entry.ts";
import { logFault } from "./fault.ts";
import { isHosts } from "./hand-back.ts";
import { config } from "./host.ts";
import { headerList, incomingRequest, Response, wholeBody, type Request } from "./web/index.ts";
import { encodeUtf8 } from "./web/utf8.ts";

/**
 * The settings of a BFF by their keys, from the operator's file. A key that is not there is
 * `undefined`.
 */
export type Env = Readonly<Record<string, string | undefined>>;

/** What belongs to one request beside it. */
export interface ExecutionContext {
  /**
   * Work that the client need not wait for elsewhere. Here it is done before the answer is sent: a
   * request's instance ends with its answer. What it rejects with is logged.
   */
  waitUntil(promise: Promise<unknown>): void;
  /** Throws: there is no other server behind a BFF. */
  passThroughOnException(): never;
}

/** What a module exports as its default. */
export interface App {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** The handler of an app. */
export function webHandler(app: App): Handler {
  return {
    handle: (request) => {
      const after: Promise<unknown>[] = [];
      const ctx: ExecutionContext = {
        waitUntil: (promise) => {
          after.push(Promise.resolve(promise).catch((reason: unknown) => logFault(reason, undefined)));
        },
        passThroughOnException: () => {
          throw new Error("passThroughOnException: there is no other server behind a BFF; catch what is thrown");
        },
      };
      return watched(request, async () => {
        const answer = await hostResponse(await app.fetch(webRequest(request), ENV, ctx));
        // What waits may wait for more.
        for (let done = 0; done < after.length; done += 1) await after[done];
        return answer;
      });
    },
  };
}

const ENV: Env = new Proxy({}, {
  get: (_, key) => (typeof key === "string" ? (config(key) ?? undefined) : undefined),
  has: (_, key) => typeof key === "string" && config(key) !== null,
  set: (_, key) => {
    throw new TypeError(`env.${String(key)}: settings are the operator's, and read only`);
  },
});

function webRequest({ method, path, query, headers, body, client }: HostRequest): Request {
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const search = pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  return incomingRequest({ url: `http://${client.host}${path}${search}`, method: method.toUpperCase(), headers, body });
}

async function hostResponse(response: unknown): Promise<HostResponse> {
  if (!(response instanceof Response)) return response as HostResponse;
  const { status } = response;
  const headers = headerList(response.headers).filter(([name]) => !isHosts(name));
  const body = await wholeBody(response);
  if (status === 204 || status === 205 || status === 304) return { status, headers, body: { tag: "none" } };
  // The host would call a text without a type JSON.
  const untyped = body.tag === "text" && !response.headers.has("content-type");
  return { status, headers, body: untyped ? { tag: "bytes", val: encodeUtf8(body.val) } : body };
}

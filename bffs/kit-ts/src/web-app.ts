/**
 * Handlers in the web's way, as for Workers, Deno and Bun: `export default { fetch }`, or an app of
 * Hono. `env` has the settings of this BFF; what `waitUntil` is given is waited for before the
 * answer is sent, as nothing of a request outlives it.
 */
import type { Method, Request as HostRequest, Response as HostResponse } from "tailor:bff/types@0.1.1";
import { watched, type Handler } from "./entry.ts";
import { logFault, WrongAnswer } from "./fault.ts";
import { isHosts } from "./hand-back.ts";
import { config } from "./host.ts";
import { Problem } from "./problem.ts";
import { asksForRoutes, listed } from "./router.ts";
import { kindOf } from "./shape.ts";
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
      if (asksForRoutes(request)) return watched(request, () => listed(routesOf(app)));
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

/**
 * The routes of an app that has a list of them, as Hono does. What is no method (`ALL`, of
 * middleware) and patterns of more than whole segments are left out.
 */
function routesOf(app: App): [Method, string][] {
  const { routes } = app as App & { readonly routes?: readonly { readonly method: string; readonly path: string }[] };
  if (!Array.isArray(routes)) throw new Problem(404, "there is nothing at this path");
  const found = new Map<string, [Method, string]>();
  for (const { method, path } of routes) {
    const own = method.toLowerCase() as Method;
    if (!ROUTED.includes(own)) continue;
    for (const pattern of patternsOf(path)) found.set(`${own} ${pattern}`, [own, pattern]);
  }
  return [...found.values()];
}

const ROUTED: readonly Method[] = ["get", "post", "put", "patch", "delete", "options"];

/** A pattern in the kit's way, two where the last segment may be left out, none where there is none. */
function patternsOf(path: string): string[] {
  const isOptional = path.endsWith("?");
  const segments = path.split("/").map((segment) => segment.replace(/^:([^{?]+)(\{.*\})?\??$/, "{$1}"));
  if (segments.some((segment) => /[*:?]|.\{/.test(segment))) return [];
  const whole = segments.join("/");
  return isOptional ? [segments.slice(0, -1).join("/") || "/", whole] : [whole];
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
  if (!(response instanceof Response)) throw new WrongAnswer(noResponse(response));
  const { status } = response;
  const headers = headerList(response.headers).filter(([name]) => !isHosts(name));
  const body = await wholeBody(response);
  if (status === 204 || status === 205 || status === 304) return { status, headers, body: { tag: "none" } };
  // The host would call a text without a type JSON.
  const untyped = body.tag === "text" && !response.headers.has("content-type");
  return { status, headers, body: untyped ? { tag: "bytes", val: encodeUtf8(body.val) } : body };
}

/** What is wrong with an answer that is no `Response`, and how to make one of it. */
function noResponse(answer: unknown): string {
  const found = answer === undefined ? "nothing" : kindOf(answer);
  const isWhole = typeof answer === "string" || answer instanceof Uint8Array;
  const instead = isWhole ? "new Response(body)" : "Response.json(value)";
  return `the answer cannot be sent: fetch() of the default export returns ${found}, not a Response; return ${instead}`;
}

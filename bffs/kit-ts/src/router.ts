/**
 * Which handler answers which path. Patterns are literal segments and `{name}`, which takes one
 * whole segment; the first route in the list that fits wins. Segments are compared decoded, so
 * `/%76` is `/v`.
 */
import type { Method, Request, Response } from "tailor:bff/types@0.1.1";
import { Problem } from "./problem.ts";
import { kindOf } from "./shape.ts";
import { sourceFrames } from "./stack.ts";

/** The names in a pattern: `Params<"/users/{user}">` is `{ user: string }`. */
export type Params<P extends string> = { readonly [K in Names<P>]: string };
type Names<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

/**
 * Answers a request. `params` holds the decoded segments that the pattern names; none is empty, `.`
 * or `..`.
 */
export type RouteHandler<P extends string> = (request: Request, params: Params<P>) => Answer;

/** What a handler returns: an answer, or when it is `async` a promise of one. */
export type Answer = Response | Promise<Response>;

/** One line of a route table. Made by `get` or `route`. */
export interface Route {
  readonly method: Method;
  readonly segments: readonly string[];
  /** The parameter that the segment at the same place is, if it is one. */
  readonly names: readonly (string | undefined)[];
  readonly handle: (request: Request, params: Readonly<Record<string, string>>) => Answer;
  /**
   * The stack of the call that made it, for the log: the engine's, as it was when the component was
   * built.
   */
  readonly made: string;
}

/** A route for one method. */
export function route<P extends string>(method: Method, pattern: P, handler: RouteHandler<P>): Route {
  return made(method, pattern, handler);
}

/** A route for GET, and so for HEAD too: the host leaves out the body. */
export function get<P extends string>(pattern: P, handler: RouteHandler<P>): Route {
  return made("get", pattern, handler);
}

/**
 * A route for POST. The operator lists the method, too: `methods = ["GET", "POST"]` of the route in
 * the host's file.
 */
export function post<P extends string>(pattern: P, handler: RouteHandler<P>): Route {
  return made("post", pattern, handler);
}

/** A route for PUT. */
export function put<P extends string>(pattern: P, handler: RouteHandler<P>): Route {
  return made("put", pattern, handler);
}

/** A route for PATCH. */
export function patch<P extends string>(pattern: P, handler: RouteHandler<P>): Route {
  return made("patch", pattern, handler);
}

function made<P extends string>(method: Method, pattern: P, handler: RouteHandler<P>): Route {
  // Routes are made when the component is built: what is wrong here fails the build, with the line.
  const wrong = wrongHandler(handler);
  if (wrong !== undefined) throw new TypeError(`the handler of ${method.toUpperCase()} ${pattern} is ${wrong}`);
  const segments = pattern.split("/");
  return {
    method,
    segments,
    names: segments.map((segment) => (segment.startsWith("{") && segment.endsWith("}") ? segment.slice(1, -1) : undefined)),
    // `fit` puts exactly the names of the pattern into the record, which is what Params<P> says.
    handle: (request, params) => handler(request, params as Params<P>),
    made: new Error().stack ?? "",
  };
}

function wrongHandler(handler: unknown): string | undefined {
  if (typeof handler !== "function") return `${kindOf(handler)}, not a function`;
  const kind: unknown = handler.constructor.name;
  return kind === "Function" || kind === "AsyncFunction" ? undefined : `of the kind ${String(kind)}, which returns no answer`;
}

/** The method and pattern of a route, and where the author wrote it: two calls above `made`. */
export function describeRoute({ method, segments, made: stack }: Route): { readonly route: string; readonly at: string } {
  return { route: `${method.toUpperCase()} ${segments.join("/")}`, at: sourceFrames(stack)[2]?.place ?? "" };
}

/**
 * Finds the route, names it to `take` and answers. Throws a `Problem`: 404 for an unknown path, 405
 * with `allow` for a method it lacks.
 */
export function dispatch(routes: readonly Route[], request: Request, take: (route: Route) => void): Answer {
  const given = request.path.split("/");
  const segments = request.path.includes("%") ? given.map(decodeSegment) : given;
  const wanted = request.method === "head" ? "get" : request.method;
  const others: Method[] = [];
  for (const each of routes) {
    const params = fit(each, segments);
    if (params === undefined) continue;
    if (each.method === wanted) {
      take(each);
      return each.handle(request, params);
    }
    others.push(each.method);
  }
  if (others.length === 0) {
    if (asksForRoutes(request)) return listed(routes.map(({ method, segments: own }) => [method, own.join("/")]));
    throw new Problem(404, "there is nothing at this path");
  }
  const allow = allowed(others);
  if (request.method === "options") return { status: 204, headers: [["allow", allow]], body: { tag: "none" } };
  throw new Problem(405, `this path answers ${allow}`, { headers: [["allow", allow]] });
}

/** Whether it is `OPTIONS *`, by which `tailor test` asks for the routes. No client can. */
export function asksForRoutes({ method, path }: Request): boolean {
  return path === "*" && method === "options";
}

/** The list of routes, each a method and a pattern. */
export function listed(routes: readonly (readonly [method: Method, pattern: string])[]): Response {
  const names = routes.map(([method, pattern]) => `${method.toUpperCase()} ${pattern}`);
  const allow = allowed(routes.map(([method]) => method));
  const headers: [string, string][] = [["content-type", "application/json"], ["allow", allow]];
  return { status: 200, headers, body: { tag: "text", val: JSON.stringify({ routes: names }) } };
}

function allowed(methods: readonly Method[]): string {
  const names = new Set(methods.flatMap((method) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()])));
  return [...names.add("OPTIONS")].join(", ");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Problem(400, "path is not percent-encoded UTF-8");
  }
}

function fit({ segments: pattern, names }: Route, segments: readonly string[]): Record<string, string> | undefined {
  const { length } = pattern;
  if (length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (let index = 0; index < length; index += 1) {
    const segment = segments[index] as string;
    const name = names[index];
    if (name === undefined) {
      if (segment !== pattern[index]) return undefined;
    } else {
      // `.` and `..` would mean another path in a downstream call; nothing is ever named so.
      if (segment === "" || segment === "." || segment === "..") return undefined;
      params[name] = segment;
    }
  }
  return params;
}

/**
 * Answers that say what is wrong (RFC 9457). A handler throws a `Problem` where a request cannot be
 * answered; the entry turns it into the answer. A `Problem` is the client's or a service's fault,
 * never a fault of this code: it is not logged.
 */
import type { Headers, Response } from "tailor:bff/types@0.1.1";

/** Type `about:blank` asks for the status's own phrase as the title. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  428: "Precondition Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** What a problem may carry besides status and detail. */
export interface ProblemOptions {
  /** Further members of the document, for programs that read it. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Further header fields, such as `allow` or `retry-after`. */
  readonly headers?: Headers;
}

/** Ends the request with a problem answer: `throw new Problem(404, "no such screen")`. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly options: ProblemOptions;

  /**
   * `detail` is one sentence for the developer of the client: lower case, the thing first, no full
   * stop.
   */
  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.options = options;
  }
}

/** The answer of a problem. It is never cached: the next request may do better. */
export function problemAnswer(problem: Problem, requestId: string): Response {
  const { members = {}, headers = [] } = problem.options;
  const document = {
    type: "about:blank",
    title: TITLES[problem.status] ?? "Error",
    status: problem.status,
    detail: problem.message,
    ...members,
    request_id: requestId,
  };
  return {
    status: problem.status,
    headers: [["content-type", "application/problem+json"], ["cache-control", "no-store"], ...headers],
    body: { tag: "text", val: JSON.stringify(document) },
  };
}

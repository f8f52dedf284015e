/** One request into a BFF, in process. */
import type { Call } from "tailor:bff/downstream@0.1.1";
import type { Level } from "tailor:bff/runtime@0.1.1";
import type { Method, Payload, Request, Response } from "tailor:bff/types@0.1.1";
import { setImmediate } from "node:timers";
import type { Handler } from "../src/entry.ts";
import { beginLoop, turn } from "../src/loop.ts";
import { isPromise } from "../src/shape.ts";
import { webHandler, type App } from "../src/web-app.ts";
import { adviceOn } from "../src/words.ts";
import { enterBareEngine, inBareEngine } from "./bare.ts";
import { assertLegalResponse } from "./contract.ts";
import { fieldsIn, pairsIn, timeMs, writtenIn, type Fixture } from "./fixture.ts";
import { repliesOf } from "./replies.ts";
import { enter } from "./world/state.ts";

/** What is left of a request's deadline when it arrives: about what a client waits for a screen. */
const TIME_LEFT_MS = 2000;

/** What came out, and what was done on the way. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; the first one of a name that occurs twice. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, or an empty text. Of bytes that are no UTF-8, what can be read. */
  readonly text: string;
  /** The body as JSON. Throws if it is none. */
  readonly json: () => unknown;
  readonly calls: readonly Call[];
  readonly log: readonly LogLine[];
}

/** A line that the BFF logged. */
export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Answers the fixture's request with `handler`. Throws what the handler throws, and on anything the
 * host would refuse. For a handler that is asynchronous, or an app of the web, see `callAsync`.
 */
export function call(handler: Handler, fixture: Fixture): Answer {
  const run = new Run(fixture);
  try {
    const response = inBareEngine(() => handler.handle(run.request));
    if (isPromise(response)) throw new Error("call: the handler is asynchronous; use `await callAsync(handler, fixture)`");
    return run.answer(response);
  } catch (thrown) {
    advise(thrown);
    throw thrown;
  } finally {
    run.leave();
  }
}

/**
 * An app of the web as its tests see it: they have the types of Node for `Request` and `Response`,
 * which are not those of a component.
 */
export interface TestedApp {
  fetch(request: never, env: never, ctx: never): unknown;
}

/**
 * Node's own `fetch`, which a test may have touched, compiles its parser by this global, between
 * two turns of the event loop.
 */
const NEEDED_BY_NODE = ["WebAssembly"];

/** Whether a call that waits is under way: each has the globals of the process to itself. */
let running = false;

/**
 * The same for a handler that may be asynchronous: `await callAsync(handler, fixture)`. An app of
 * the web (`export default { fetch }`) is called in the same way. Waits take no time: the clock of
 * the fixture goes on by what its calls and timers take.
 */
export async function callAsync(handler: Handler | TestedApp, fixture: Fixture): Promise<Answer> {
  if (running) throw new Error("callAsync: another call is under way; await it first");
  running = true;
  const run = new Run(fixture);
  const leave = enterBareEngine(NEEDED_BY_NODE);
  try {
    beginLoop();
    const { handle } = "fetch" in handler ? webHandler(handler as App) : handler;
    let ended: { readonly response: Response } | { readonly thrown: unknown } | undefined;
    Promise.resolve(handle(run.request)).then(
      (response) => (ended = { response }),
      (thrown: unknown) => (ended = { thrown }),
    );
    for (;;) {
      // Whatever can go on without the host does.
      await new Promise<void>((idle) => setImmediate(idle));
      if (ended !== undefined) break;
      turn();
    }
    if ("thrown" in ended) throw ended.thrown;
    return run.answer(ended.response);
  } catch (thrown) {
    advise(thrown);
    throw thrown;
  } finally {
    leave();
    run.leave();
    running = false;
  }
}

/** Says in the error what the log of a component says, where a global is not there. */
function advise(thrown: unknown): void {
  const advice = adviceOn(thrown);
  if (advice === undefined || !(thrown instanceof Error)) return;
  const { message, stack } = thrown;
  thrown.message = `${message}: ${advice}`;
  // Node writes the message into the stack, and shows that.
  if (stack !== undefined) thrown.stack = stack.replace(message, () => thrown.message);
}

/** One request in the doubles of the host. */
class Run {
  readonly request: Request;
  readonly leave: () => void;
  readonly #calls: Call[] = [];
  readonly #log: LogLine[] = [];

  constructor(fixture: Fixture) {
    const answer = repliesOf(fixture.downstreams ?? []);
    this.request = requestOf(fixture);
    this.leave = enter({
      answer: (made) => {
        this.#calls.push(made);
        return answer(made);
      },
      log: (level, message, fields) => this.#log.push({ level, message, fields: Object.fromEntries(fields) }),
      config: (key) => fixture.config?.[key] ?? null,
      nowMs: timeMs(fixture.now ?? "2026-01-15T12:00:00Z"),
      timeLeftMs: TIME_LEFT_MS,
      random: fixture.seed ?? 0,
      waitedMs: 0,
    });
  }

  /** The answer, as the host would send it. */
  answer(response: Response): Answer {
    assertLegalResponse(response);
    const text = textOf(response.body);
    const fields = response.headers.map(([name, value]) => [name.toLowerCase(), value] as const).reverse();
    // The host says so of a text without a type.
    const typed = response.body.tag !== "text" || fields.some(([name]) => name === "content-type");
    const headers = Object.fromEntries(typed ? fields : [["content-type", "application/json"], ...fields]);
    return { status: response.status, headers, text, json: (): unknown => JSON.parse(text), calls: this.#calls, log: this.#log };
  }
}

function textOf(body: Payload): string {
  if (body.tag === "bytes") return new TextDecoder("utf-8", { ignoreBOM: true }).decode(body.val);
  return body.tag === "text" ? body.val : "";
}

function requestOf({ request, client }: Fixture): Request {
  const { method = "GET", path, query, headers, body } = request;
  const isJson = body !== undefined && body !== null && typeof body !== "string";
  const text = isJson ? writtenIn(request, body) : (body ?? "");
  const [bare = "", search = ""] = splitOnce(path, "?");
  const inPath = search.split("&").filter((pair) => pair !== "");
  return {
    id: "test-1",
    // A method outside of the contract is answered by the host; a fixture has no use for one. HEAD
    // is GET to a BFF.
    method: (method === "HEAD" ? "get" : method.toLowerCase()) as Method,
    path: bare,
    query: [...inPath.map(parameter), ...pairsIn(query)],
    headers: fieldsIn(headers, isJson),
    body: text === "" ? { tag: "none" } : { tag: "text", val: text },
    client: { name: client ?? "test", host: "localhost" },
  };
}

function parameter(pair: string): [string, string] {
  const [name = "", value = ""] = splitOnce(pair, "=");
  return [decode(name), decode(value)];
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

function splitOnce(text: string, at: string): string[] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

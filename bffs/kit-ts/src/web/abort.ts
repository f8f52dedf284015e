/** `AbortController` and `AbortSignal` of the DOM Standard. */
import { Event, EventTarget } from "./events.ts";

/** Says who may make a signal. */
const MADE_HERE = Symbol("AbortSignal");

let abortSignal: (signal: AbortSignal, reason: unknown) => void;
let addTask: (signal: AbortSignal, task: () => void) => () => void;

/**
 * Runs a task when a signal is aborted, before its listeners hear of it. Returns what takes the
 * task back.
 */
export function onAbort(signal: AbortSignal, task: () => void): () => void {
  return addTask(signal, task);
}

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #tasks: Set<() => void> | undefined;
  /** Of a signal that `any` made: those that it follows. */
  #sources: AbortSignal[] | undefined;
  #followers: AbortSignal[] | undefined;
  #handler: ((this: AbortSignal, event: Event) => unknown) | null = null;
  #forward: ((event: Event) => void) | undefined;

  static {
    abortSignal = (signal, reason) => signal.#abort(reason);
    addTask = (signal, task) => {
      signal.#tasks ??= new Set();
      const own = (): void => task();
      signal.#tasks.add(own);
      return () => signal.#tasks?.delete(own);
    };
  }

  /** Not for you: `AbortController`, `AbortSignal.abort`, `any` and `timeout` make signals. */
  constructor(madeHere?: symbol) {
    if (madeHere !== MADE_HERE) throw new TypeError("AbortSignal: use an AbortController, AbortSignal.abort(), any() or timeout()");
    super();
  }

  /** A signal that is aborted. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(MADE_HERE);
    signal.#abort(reason);
    return signal;
  }

  /** A signal that is aborted after this time, with a `TimeoutError`. */
  static timeout(milliseconds: number): AbortSignal {
    const delay = Number(milliseconds);
    if (!Number.isFinite(delay) || delay < 0) throw new TypeError(`AbortSignal.timeout: ${milliseconds} is no number of milliseconds`);
    const signal = new AbortSignal(MADE_HERE);
    // Made here for its stack, which has the caller's line.
    const reason = new DOMException("The operation was aborted due to timeout", "TimeoutError");
    setTimeout(() => signal.#abort(reason), delay);
    return signal;
  }

  /** A signal that is aborted when the first one of these is. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const all = [...signals];
    if (!all.every((each) => each instanceof AbortSignal)) throw new TypeError("AbortSignal.any: it takes AbortSignals");
    const signal = new AbortSignal(MADE_HERE);
    const aborted = all.find((each) => each.#aborted);
    if (aborted !== undefined) {
      signal.#settle(aborted.#reason);
      return signal;
    }
    signal.#sources = [];
    for (const source of all.flatMap((each) => each.#sources ?? [each])) {
      if (signal.#sources.includes(source)) continue;
      signal.#sources.push(source);
      (source.#followers ??= []).push(signal);
    }
    return signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): any {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  get onabort(): ((this: AbortSignal, event: Event) => unknown) | null {
    return this.#handler;
  }

  set onabort(handler: ((this: AbortSignal, event: Event) => unknown) | null) {
    const given = typeof handler === "function" ? handler : null;
    // The place among the listeners is that of the first handler.
    if (given === null && this.#forward !== undefined) {
      this.removeEventListener("abort", this.#forward);
      this.#forward = undefined;
    } else if (given !== null && this.#forward === undefined) {
      this.#forward = (event) => this.#handler?.(event);
      this.addEventListener("abort", this.#forward);
    }
    this.#handler = given;
  }

  override get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }

  #settle(reason: unknown): void {
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#settle(reason);
    const followers = (this.#followers ?? []).filter((each) => !each.#aborted);
    this.#followers = undefined;
    for (const each of followers) each.#settle(this.#reason);
    for (const each of [this, ...followers]) each.#tell();
  }

  #tell(): void {
    const tasks = this.#tasks ?? [];
    this.#tasks = undefined;
    for (const task of tasks) task();
    this.dispatchEvent(new Event("abort"));
  }
}

export class AbortController {
  readonly #signal = new AbortSignal(MADE_HERE);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason?: unknown): void {
    abortSignal(this.#signal, reason);
  }

  get [Symbol.toStringTag](): string {
    return "AbortController";
  }
}

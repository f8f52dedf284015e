/** How a stream goes on: the part that its reader, its controller and the stream itself share. */
import type { ReadableStreamDefaultController } from "./streams.ts";

export interface QueuingStrategy<R = any> {
  highWaterMark?: number | undefined;
  size?: ((chunk: R) => number) | undefined;
}
export interface UnderlyingSource<R = any> {
  type?: "bytes" | undefined;
  start?: ((controller: ReadableStreamDefaultController<R>) => unknown) | undefined;
  pull?: ((controller: ReadableStreamDefaultController<R>) => unknown) | undefined;
  cancel?: ((reason?: any) => unknown) | undefined;
}
export interface ReadableStreamIteratorOptions {
  preventCancel?: boolean | undefined;
}
export type ReadableStreamReadResult<R> = { done: false; value: R } | { done: true; value: undefined };

interface Waiting<R> {
  readonly resolve: (result: ReadableStreamReadResult<R>) => void;
  readonly reject: (reason: unknown) => void;
}

/** What reader, controller and stream know together. */
export interface State<R> {
  status: "readable" | "closed" | "errored";
  error: unknown;
  readonly queue: { readonly chunk: R; readonly size: number }[];
  queued: number;
  readonly highWaterMark: number;
  readonly sizeOf: (chunk: R) => number;
  readonly bytes: boolean;
  waiting: Waiting<R>[];
  source: UnderlyingSource<R> | undefined;
  started: boolean;
  pulling: boolean;
  pullAgain: boolean;
  closing: boolean;
  disturbed: boolean;
  reader: Lock | undefined;
  controller: ReadableStreamDefaultController<R>;
}
/** The side of a reader that its stream sees. */
export interface Lock {
  readonly closed: () => void;
  readonly failed: (reason: unknown) => void;
}

/** A promise, and what settles it. `Promise.withResolvers` is in Node from version 22 on. */
export interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function withResolvers<T>(): Resolvers<T> {
  let settle: Omit<Resolvers<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as unknown as Omit<Resolvers<T>, "promise">) };
}

export function readOf<R>(state: State<R>): Promise<ReadableStreamReadResult<R>> {
  state.disturbed = true;
  if (state.status === "errored") return Promise.reject(state.error);
  const next = state.queue.shift();
  if (next !== undefined) {
    state.queued = Math.max(0, state.queued - next.size);
    if (state.closing && state.queue.length === 0) endStream(state);
    else pullIfWanted(state);
    return Promise.resolve({ done: false, value: next.chunk });
  }
  if (state.status === "closed") return Promise.resolve({ done: true, value: undefined });
  const { promise, resolve, reject } = withResolvers<ReadableStreamReadResult<R>>();
  state.waiting.push({ resolve, reject });
  pullIfWanted(state);
  return promise;
}

export async function cancelOf<R>(state: State<R>, reason: unknown): Promise<void> {
  state.disturbed = true;
  if (state.status === "closed") return;
  if (state.status === "errored") throw state.error;
  state.queue.length = 0;
  state.queued = 0;
  const { source } = state;
  endStream(state);
  await source?.cancel?.(reason);
}

export function pullIfWanted<R>(state: State<R>): void {
  const { source } = state;
  if (source?.pull === undefined || !state.started || state.closing || state.status !== "readable") return;
  if (state.waiting.length === 0 && state.highWaterMark - state.queued <= 0) return;
  if (state.pulling) {
    state.pullAgain = true;
    return;
  }
  state.pulling = true;
  let pulled: unknown;
  try {
    pulled = source.pull(state.controller);
  } catch (thrown) {
    failStream(state, thrown);
    return;
  }
  Promise.resolve(pulled).then(
    () => {
      state.pulling = false;
      if (!state.pullAgain) return;
      state.pullAgain = false;
      pullIfWanted(state);
    },
    (reason: unknown) => failStream(state, reason),
  );
}

export function endStream<R>(state: State<R>): void {
  state.status = "closed";
  state.source = undefined;
  const { waiting } = state;
  state.waiting = [];
  for (const each of waiting) each.resolve({ done: true, value: undefined });
  state.reader?.closed();
}

export function failStream<R>(state: State<R>, reason: unknown): void {
  if (state.status !== "readable") return;
  state.status = "errored";
  state.error = reason;
  state.source = undefined;
  state.queue.length = 0;
  state.queued = 0;
  const { waiting } = state;
  state.waiting = [];
  for (const each of waiting) each.reject(reason);
  state.reader?.failed(reason);
}

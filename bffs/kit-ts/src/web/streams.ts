/**
 * `ReadableStream` of the Streams Standard, as far as bodies need it: chunks are read by default
 * readers. Nothing is piped or transformed: the host takes and gives whole bodies.
 */
import { bytesOf, joined } from "./binary.ts";
import {
  cancelOf, endStream, failStream, pullIfWanted, readOf, withResolvers, type Lock, type QueuingStrategy, type ReadableStreamIteratorOptions,
  type ReadableStreamReadResult, type Resolvers, type State, type UnderlyingSource,
} from "./stream-state.ts";

export type { QueuingStrategy, ReadableStreamIteratorOptions, ReadableStreamReadResult, UnderlyingSource } from "./stream-state.ts";

const ONLY_STREAMS = "streams make them";
let stateOf: <R>(stream: ReadableStream<R>) => State<R>;

/** Whether somebody has read of the stream, or has cancelled it. */
export function isDisturbed(stream: ReadableStream): boolean {
  return stateOf(stream).disturbed;
}

/** All bytes of a stream. Its chunks must be `Uint8Array`s, as the standard has it for bodies. */
export async function readAll(stream: ReadableStream): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts);
    if (!(value instanceof Uint8Array)) {
      const fault = new TypeError(`the body's stream has a chunk that is no Uint8Array but ${value === null ? "null" : `a ${typeof value}`}`);
      // Nobody waits for it: of two branches, the other one may never be cancelled.
      reader.cancel(fault).catch(() => undefined);
      throw fault;
    }
    parts.push(value);
  }
}

/** A stream of one chunk, which is made when it is read. */
export function streamOf(chunk: () => Uint8Array): ReadableStream<Uint8Array> {
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const bytes = chunk();
    if (bytes.length > 0) controller.enqueue(bytes);
    controller.close();
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

export class ReadableStreamDefaultController<R = any> {
  readonly #state: State<R>;

  constructor(state: unknown) {
    if (!isState<R>(state)) throw new TypeError(`ReadableStreamDefaultController: ${ONLY_STREAMS}`);
    this.#state = state;
  }

  get desiredSize(): number | null {
    const { status, highWaterMark, queued } = this.#state;
    if (status === "errored") return null;
    return status === "closed" ? 0 : highWaterMark - queued;
  }

  /** There are no readers with a buffer of their own. */
  get byobRequest(): null {
    return null;
  }

  enqueue(chunk?: R): void {
    const state = this.#state;
    if (state.closing || state.status !== "readable") throw new TypeError("ReadableStream: the stream is closed, nothing can be enqueued");
    if (state.bytes && !ArrayBuffer.isView(chunk)) throw new TypeError("ReadableStream: a stream of bytes takes views of buffers");
    const given = (state.bytes ? bytesOf(chunk as ArrayBufferView) : chunk) as R;
    const reading = state.waiting.shift();
    if (reading !== undefined) {
      reading.resolve({ done: false, value: given });
    } else {
      let size: number;
      try {
        size = Number(state.sizeOf(given));
        if (!(size >= 0) || size === Infinity) throw new RangeError(`ReadableStream: ${size} is no size of a chunk`);
      } catch (thrown) {
        failStream(state, thrown);
        throw thrown;
      }
      state.queue.push({ chunk: given, size });
      state.queued += size;
    }
    pullIfWanted(state);
  }

  close(): void {
    const state = this.#state;
    if (state.closing || state.status !== "readable") throw new TypeError("ReadableStream: the stream is closed already");
    state.closing = true;
    if (state.queue.length === 0) endStream(state);
  }

  error(reason?: unknown): void {
    failStream(this.#state, reason);
  }

  get [Symbol.toStringTag](): string {
    return "ReadableStreamDefaultController";
  }
}

export class ReadableStreamDefaultReader<R = any> {
  #state: State<R> | undefined;
  #closed: Resolvers<undefined>;
  #lock: Lock;

  constructor(stream: ReadableStream<R>) {
    if (!(stream instanceof ReadableStream)) throw new TypeError("ReadableStreamDefaultReader: it takes a stream");
    const state = stateOf(stream);
    if (state.reader !== undefined) throw new TypeError("ReadableStream: the stream has a reader already");
    this.#state = state;
    this.#closed = handled();
    const closed = this.#closed;
    this.#lock = { closed: () => closed.resolve(undefined), failed: (reason) => closed.reject(reason) };
    state.reader = this.#lock;
    if (state.status === "closed") this.#lock.closed();
    if (state.status === "errored") this.#lock.failed(state.error);
  }

  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  read(): Promise<ReadableStreamReadResult<R>> {
    return this.#state === undefined ? Promise.reject(released()) : readOf(this.#state);
  }

  cancel(reason?: any): Promise<void> {
    return this.#state === undefined ? Promise.reject(released()) : cancelOf(this.#state, reason);
  }

  releaseLock(): void {
    const state = this.#state;
    if (state === undefined) return;
    const { waiting } = state;
    state.waiting = [];
    state.reader = undefined;
    this.#state = undefined;
    if (state.status !== "readable") this.#closed = handled();
    this.#closed.reject(released());
    for (const each of waiting) each.reject(released());
  }

  get [Symbol.toStringTag](): string {
    return "ReadableStreamDefaultReader";
  }
}

export class ReadableStream<R = any> {
  readonly #state: State<R>;

  static {
    stateOf = (stream) => stream.#state;
  }

  constructor(source: UnderlyingSource<R> = {}, strategy: QueuingStrategy<R> = {}) {
    if (typeof source !== "object" || source === null) throw new TypeError("ReadableStream: the source is no object");
    const type = source.type === undefined ? undefined : `${source.type}`;
    if (type !== undefined && type !== "bytes") throw new TypeError(`ReadableStream: there is no type "${type}" of a source`);
    for (const name of ["start", "pull", "cancel"] as const) {
      if (source[name] !== undefined && typeof source[name] !== "function") throw new TypeError(`ReadableStream: the source's ${name} is no function`);
    }
    const highWaterMark = Number(strategy?.highWaterMark ?? (type === "bytes" ? 0 : 1));
    if (!(highWaterMark >= 0)) throw new RangeError(`ReadableStream: ${highWaterMark} is no highWaterMark`);
    const size = strategy?.size;
    if (size !== undefined && typeof size !== "function") throw new TypeError("ReadableStream: the strategy's size is no function");
    const sizeOf = type === "bytes" ? (chunk: R): number => (chunk as Uint8Array).length : (size ?? (() => 1));
    const state: State<R> = {
      status: "readable", error: undefined, queue: [], queued: 0, highWaterMark, sizeOf, bytes: type === "bytes", waiting: [], source,
      started: false, pulling: false, pullAgain: false, closing: false, disturbed: false, reader: undefined,
      controller: undefined as unknown as ReadableStreamDefaultController<R>,
    };
    states.add(state);
    state.controller = new ReadableStreamDefaultController<R>(state);
    this.#state = state;
    const begun = source.start?.(state.controller);
    Promise.resolve(begun).then(
      () => {
        state.started = true;
        pullIfWanted(state);
      },
      (reason: unknown) => failStream(state, reason),
    );
  }

  /** A stream of what can be iterated over. */
  static from<R>(given: Iterable<R | PromiseLike<R>> | AsyncIterable<R>): ReadableStream<R> {
    const iterator = iteratorOf(given);
    const pull = async (controller: ReadableStreamDefaultController<R>): Promise<void> => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue((await value) as R);
    };
    return new ReadableStream<R>({ pull, cancel: async (reason) => await iterator.return?.(reason) }, { highWaterMark: 0 });
  }

  get locked(): boolean {
    return this.#state.reader !== undefined;
  }

  cancel(reason?: any): Promise<void> {
    return this.locked ? Promise.reject(new TypeError("ReadableStream: the stream has a reader")) : cancelOf(this.#state, reason);
  }

  getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R> {
    if (options?.mode !== undefined) throw new TypeError("ReadableStream.getReader: there are no readers with buffers of their own: leave `mode` out");
    return new ReadableStreamDefaultReader<R>(this);
  }

  pipeTo(): never {
    throw refused("pipeTo");
  }

  pipeThrough(): never {
    throw refused("pipeThrough");
  }

  /** Two streams of the same chunks. */
  tee(): [ReadableStream<R>, ReadableStream<R>] {
    return teeOf(new ReadableStreamDefaultReader<R>(this));
  }

  values(options?: ReadableStreamIteratorOptions): AsyncGenerator<R, undefined, unknown> {
    return chunksOf(this.getReader(), options?.preventCancel === true);
  }

  [Symbol.asyncIterator](options?: ReadableStreamIteratorOptions): AsyncGenerator<R, undefined, unknown> {
    return this.values(options);
  }

  get [Symbol.toStringTag](): string {
    return "ReadableStream";
  }
}

/** What this module made, and nobody else. */
const states = new WeakSet<object>();

function isState<R>(value: unknown): value is State<R> {
  return typeof value === "object" && value !== null && states.has(value);
}

async function* chunksOf<R>(reader: ReadableStreamDefaultReader<R>, keepOpen: boolean): AsyncGenerator<R, undefined, unknown> {
  let ended = false;
  try {
    for (;;) {
      let result: ReadableStreamReadResult<R>;
      try {
        result = await reader.read();
      } catch (thrown) {
        ended = true;
        throw thrown;
      }
      if (result.done) {
        ended = true;
        return undefined;
      }
      yield result.value;
    }
  } finally {
    const cancelled = ended || keepOpen ? undefined : reader.cancel();
    reader.releaseLock();
    await cancelled;
  }
}

function iteratorOf<R>(given: Iterable<R | PromiseLike<R>> | AsyncIterable<R>): AsyncIterator<R> | Iterator<R | PromiseLike<R>> {
  const later = (given as Partial<AsyncIterable<R>> | undefined)?.[Symbol.asyncIterator];
  if (typeof later === "function") return Reflect.apply(later, given, []) as AsyncIterator<R>;
  const now = (given as Partial<Iterable<R>> | undefined)?.[Symbol.iterator];
  if (typeof now !== "function") throw new TypeError("ReadableStream.from: it takes what can be iterated over");
  return Reflect.apply(now, given, []) as Iterator<R>;
}

function teeOf<R>(reader: ReadableStreamDefaultReader<R>): [ReadableStream<R>, ReadableStream<R>] {
  const controllers: ReadableStreamDefaultController<R>[] = [];
  const cancelled: [boolean, boolean] = [false, false];
  const reasons: [unknown, unknown] = [undefined, undefined];
  const { promise, resolve, reject } = withResolvers<void>();
  let reading = false;
  const open = (): ReadableStreamDefaultController<R>[] => controllers.filter((_, side) => cancelled[side] === false);
  const pull = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    const result = await reader.read();
    reading = false;
    for (const controller of open()) {
      if (result.done) controller.close();
      else controller.enqueue(result.value);
    }
    if (result.done) resolve();
  };
  const branch = (side: 0 | 1): ReadableStream<R> =>
    new ReadableStream<R>(
      {
        start: (controller) => void controllers.push(controller),
        pull,
        cancel: (reason) => {
          cancelled[side] = true;
          reasons[side] = reason;
          if (cancelled[0] && cancelled[1]) reader.cancel(reasons).then(resolve, reject);
          return promise;
        },
      },
      { highWaterMark: 0 },
    );
  const branches: [ReadableStream<R>, ReadableStream<R>] = [branch(0), branch(1)];
  reader.closed.catch((reason: unknown) => {
    for (const controller of controllers) controller.error(reason);
    resolve();
  });
  return branches;
}

/** A promise that nobody has to look at. */
function handled(): Resolvers<undefined> {
  const made = withResolvers<undefined>();
  made.promise.catch(() => undefined);
  return made;
}

function released(): TypeError {
  return new TypeError("ReadableStreamDefaultReader: the reader has released its stream");
}

function refused(name: string): DOMException {
  const way = "read its chunks with getReader() or `for await`, and give a Response the whole body";
  return new DOMException(`ReadableStream.${name} is not there, as bodies are whole: ${way}`, "NotSupportedError");
}

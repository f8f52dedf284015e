/**
 * `ReadableStream`, as Node has it. Cases of the kinds of web-platform-tests:
 * streams/readable-streams/general.any.js, default-reader.any.js, cancel.any.js,
 * bad-underlying-sources.any.js, bad-strategies.any.js, async-iterator.any.js, tee.any.js,
 * count-queuing-strategy-integration.any.js, from.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as web from "../../src/web/index.ts";
import { sameLater } from "./same.ts";

type Stream = typeof web.ReadableStream;
type Scene = (ReadableStream: Stream) => unknown;

/** Waits for what is waiting now. */
const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function all<T>(stream: web.ReadableStream<T>): Promise<T[]> {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const SCENES: readonly Scene[] = [
  (ReadableStream) => all(new ReadableStream({ start: (controller) => ([1, 2, 3].forEach((chunk) => controller.enqueue(chunk)), controller.close()) })),
  async (ReadableStream) => {
    let count = 0;
    const stream = new ReadableStream({ pull: (controller) => ((count += 1) > 3 ? controller.close() : controller.enqueue(count)) });
    await turn();
    return [count, await all(stream), count];
  },
  async (ReadableStream) => {
    const pulls: (number | null)[] = [];
    const stream = new ReadableStream(
      { pull: async (controller) => (await turn(), pulls.push(controller.desiredSize), controller.enqueue("x")) },
      { highWaterMark: 3 },
    );
    for (let count = 0; count < 9; count += 1) await turn();
    const reader = stream.getReader();
    const read = await reader.read();
    for (let count = 0; count < 9; count += 1) await turn();
    return [pulls, read];
  },
  async (ReadableStream) => {
    const stream = new ReadableStream({ start: (controller) => controller.enqueue("a") });
    const reader = stream.getReader();
    const states = [stream.locked];
    const pending = [reader.read(), reader.read()];
    reader.releaseLock();
    states.push(stream.locked);
    const results = await Promise.allSettled([...pending, reader.read(), reader.closed, reader.cancel()]);
    return [states, results.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as Error).name))];
  },
  (ReadableStream) => {
    const stream = new ReadableStream();
    stream.getReader();
    stream.getReader();
  },
  async (ReadableStream) => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream({ cancel: (reason) => void reasons.push(reason), start: (controller) => controller.enqueue(1) });
    await stream.cancel("why");
    await stream.cancel("again");
    return [reasons, await stream.getReader().read()];
  },
  async (ReadableStream) => {
    const stream = new ReadableStream({ cancel: () => Promise.reject(new RangeError("no")) });
    await stream.cancel();
  },
  (ReadableStream) => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream.cancel();
  },
  async (ReadableStream) => {
    const stream = new ReadableStream({ start: (controller) => controller.error(new RangeError("bad")) });
    const reader = stream.getReader();
    const results = await Promise.allSettled([reader.read(), reader.closed, reader.cancel()]);
    return results.map((result) => (result as PromiseRejectedResult).reason.name as unknown);
  },
  async (ReadableStream) => {
    const stream = new ReadableStream({ start: () => Promise.reject(new RangeError("start")) });
    return stream.getReader().read();
  },
  async (ReadableStream) => {
    const stream = new ReadableStream({ pull: () => { throw new RangeError("pull"); } });
    return stream.getReader().read();
  },
  (ReadableStream) => new ReadableStream({ start: () => { throw new RangeError("now"); } }),
  (ReadableStream) => new ReadableStream(null as never),
  (ReadableStream) => new ReadableStream({ pull: 7 as never }),
  (ReadableStream) => new ReadableStream({ type: "wrong" as never }),
  (ReadableStream) => new ReadableStream({}, { highWaterMark: -1 }),
  (ReadableStream) => new ReadableStream({}, { highWaterMark: NaN }),
  (ReadableStream) => new ReadableStream({}, { size: 7 as never }),
  (ReadableStream) => {
    let size: unknown;
    void new ReadableStream({ start: (controller) => {
      const sizes = [controller.desiredSize];
      controller.enqueue("four");
      sizes.push(controller.desiredSize);
      controller.close();
      sizes.push(controller.desiredSize);
      size = sizes;
    } }, { highWaterMark: 10, size: (chunk: string) => chunk.length });
    return size;
  },
  (ReadableStream) => {
    void new ReadableStream({ start: (controller) => (controller.close(), controller.enqueue(1)) });
  },
  (ReadableStream) => {
    void new ReadableStream({ start: (controller) => (controller.close(), controller.close()) });
  },
  (ReadableStream) => {
    void new ReadableStream({ start: (controller) => controller.enqueue(1) }, { size: () => -1 });
  },
  async (ReadableStream) => {
    const [one, other] = new ReadableStream({ start: (controller) => (controller.enqueue(1), controller.enqueue(2), controller.close()) }).tee();
    return [await all(one as web.ReadableStream), await all(other as web.ReadableStream)];
  },
  async (ReadableStream) => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue("x"), cancel: (reason) => void reasons.push(reason) });
    const [one, other] = stream.tee() as [web.ReadableStream, web.ReadableStream];
    const first = one.cancel("a");
    const read = await other.getReader().read();
    const still = [...reasons];
    return [stream.locked, read, still, await Promise.race([first, turn().then(() => "waits")])];
  },
  async (ReadableStream) => {
    const reasons: unknown[] = [];
    const [one, other] = new ReadableStream({ cancel: (reason) => void reasons.push(reason) }).tee() as [web.ReadableStream, web.ReadableStream];
    await Promise.all([one.cancel("a"), other.cancel("b")]);
    return reasons;
  },
  async (ReadableStream) => {
    const [one, other] = new ReadableStream({ start: (controller) => controller.error(new RangeError("x")) }).tee() as [web.ReadableStream, web.ReadableStream];
    const results = await Promise.allSettled([one.getReader().read(), other.getReader().read()]);
    return results.map((result) => (result as PromiseRejectedResult).reason.message as unknown);
  },
  async (ReadableStream) => {
    const cancelled: unknown[] = [];
    const make = (): web.ReadableStream => new ReadableStream({ pull: (controller) => controller.enqueue(1), cancel: (reason) => void cancelled.push(reason) }) as web.ReadableStream;
    const [left, kept] = [make(), make()];
    for await (const chunk of left) {
      cancelled.push(chunk, left.locked);
      break;
    }
    for await (const chunk of kept.values({ preventCancel: true })) {
      cancelled.push(chunk);
      break;
    }
    return [cancelled, left.locked, kept.locked, (await kept.getReader().read()).done];
  },
  (ReadableStream) => all(ReadableStream.from(["a", Promise.resolve("b")]) as web.ReadableStream),
  (ReadableStream) => all(ReadableStream.from((async function* () { yield 1; yield 2; })()) as web.ReadableStream),
  (ReadableStream) => ReadableStream.from(7 as never),
  async (ReadableStream) => {
    const stream = new ReadableStream({ type: "bytes", start: (controller) => (controller.enqueue(Uint8Array.of(1, 2) as never), controller.close()) });
    return (await all(stream as web.ReadableStream)).map((chunk) => [...(chunk as Uint8Array)]);
  },
  (ReadableStream) => {
    void new ReadableStream({ type: "bytes", start: (controller) => controller.enqueue("text" as never) });
  },
  (ReadableStream) => [Object.prototype.toString.call(new ReadableStream()), new ReadableStream().locked],
];

test("streams give, end and fail as Node's do", async () => {
  await sameLater(SCENES, (scene) => scene(web.ReadableStream), (scene) => scene(ReadableStream as unknown as Stream));
});

test("what streams cannot do is refused with what to do instead", () => {
  const stream = new web.ReadableStream();
  assert.throws(() => stream.pipeTo(), { name: "NotSupportedError", message: /for await/ });
  assert.throws(() => stream.pipeThrough(), { name: "NotSupportedError" });
  assert.throws(() => stream.getReader({ mode: "byob" } as never), TypeError);
  assert.throws(() => new web.ReadableStreamDefaultController({}), TypeError);
});

/**
 * `EventTarget`, `AbortSignal` and `structuredClone`, as Node has them. Cases of the kinds of
 * web-platform-tests: dom/events/EventTarget-constructible.any.js, Event-constructors.any.js,
 * AddEventListenerOptions-once.any.js, AddEventListenerOptions-signal.any.js,
 * AddEventListenerOptions-passive.any.js, dom/abort/event.any.js, abort-signal-any.any.js,
 * html/webappapis/structured-clone/structured-clone-battery-of-tests.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as abort from "../../src/web/abort.ts";
import * as events from "../../src/web/events.ts";
import { structuredClone as copied } from "../../src/web/structured-clone.ts";
import { same } from "./same.ts";

const kit = { ...events, ...abort } as unknown as Globals;
type Globals = Pick<typeof globalThis, "Event" | "EventTarget" | "AbortController" | "AbortSignal">;
const node: Globals = globalThis;
type Scene = (globals: Globals) => unknown;

const SCENES: readonly Scene[] = [
  ({ Event }) => {
    const event = new Event("go", { cancelable: true });
    event.preventDefault();
    const plain = new Event("go");
    plain.preventDefault();
    const { type, bubbles, cancelable, composed, target, currentTarget, eventPhase, isTrusted } = event;
    return [type, bubbles, cancelable, composed, target, currentTarget, eventPhase, isTrusted, event.defaultPrevented, plain.defaultPrevented];
  },
  ({ Event }) => new (Event as unknown as new () => Event)(),
  ({ Event }) => Object.prototype.toString.call(new Event("x")),
  ({ Event, EventTarget }) => {
    const target = new EventTarget();
    const seen: unknown[] = [];
    target.addEventListener("go", (event) => seen.push(1, event.target === target, event.currentTarget === target, event.eventPhase, event.composedPath().length));
    target.addEventListener("go", { handleEvent: (event: Event) => seen.push(2, event.type) });
    target.addEventListener("go", () => seen.push("once"), { once: true });
    target.addEventListener("other", () => seen.push("other"));
    const event = new Event("go");
    const answers = [target.dispatchEvent(event), target.dispatchEvent(event)];
    return [seen, answers, event.target === target, event.currentTarget, event.composedPath()];
  },
  ({ Event, EventTarget }) => {
    const target = new EventTarget();
    const seen: number[] = [];
    const listener = (): number => seen.push(1);
    target.addEventListener("go", listener);
    target.addEventListener("go", listener);
    target.addEventListener("go", listener, true);
    target.dispatchEvent(new Event("go"));
    target.removeEventListener("go", listener, { capture: true });
    target.dispatchEvent(new Event("go"));
    target.removeEventListener("go", listener);
    target.dispatchEvent(new Event("go"));
    return seen;
  },
  ({ Event, EventTarget }) => {
    const target = new EventTarget();
    const seen: number[] = [];
    target.addEventListener("go", (event) => (seen.push(1), event.stopImmediatePropagation()));
    target.addEventListener("go", () => seen.push(2));
    return [target.dispatchEvent(new Event("go")), seen];
  },
  ({ Event, EventTarget, AbortController }) => {
    const target = new EventTarget();
    const controller = new AbortController();
    const seen: number[] = [];
    target.addEventListener("go", () => seen.push(1), { signal: controller.signal });
    target.dispatchEvent(new Event("go"));
    controller.abort();
    target.dispatchEvent(new Event("go"));
    target.addEventListener("go", () => seen.push(2), { signal: controller.signal });
    target.dispatchEvent(new Event("go"));
    return seen;
  },
  ({ EventTarget }) => new EventTarget().dispatchEvent({ type: "go" } as Event),
  ({ Event, EventTarget }) => {
    const target = new EventTarget();
    let inner: unknown;
    target.addEventListener("go", (event) => {
      try {
        target.dispatchEvent(event);
      } catch (thrown) {
        inner = (thrown as Error).name;
      }
    });
    target.dispatchEvent(new Event("go"));
    // Node has an error of its own here, the standard an `InvalidStateError`.
    return typeof inner;
  },
  ({ Event, EventTarget }) => {
    class Own extends EventTarget {
      readonly more = 1;
    }
    const own = new Own();
    let context: unknown;
    own.addEventListener("go", function (this: unknown) {
      context = this;
    });
    own.dispatchEvent(new Event("go"));
    return [context === own, own.more];
  },
];

const ABORTS: readonly Scene[] = [
  ({ AbortController }) => {
    const controller = new AbortController();
    const seen: unknown[] = [controller.signal.aborted, controller.signal.reason, controller.signal === controller.signal];
    controller.signal.addEventListener("abort", (event) => seen.push("listener", event.type, event.isTrusted && false));
    controller.signal.onabort = (event) => seen.push("handler", event.type);
    controller.abort();
    controller.abort("again");
    const { reason } = controller.signal;
    return [seen, reason instanceof DOMException, reason.name, reason.message, reason.code];
  },
  ({ AbortController }) => {
    const controller = new AbortController();
    controller.abort("why");
    controller.signal.throwIfAborted();
  },
  ({ AbortController }) => {
    const { signal } = new AbortController();
    signal.throwIfAborted();
    const seen: number[] = [];
    const first = (): number => seen.push(1);
    signal.onabort = first;
    const kept = signal.onabort === first;
    signal.onabort = null;
    return [kept, signal.onabort, seen];
  },
  ({ AbortSignal }) => [AbortSignal.abort("x").reason, AbortSignal.abort(null).reason, AbortSignal.abort().reason.name],
  ({ AbortSignal }) => new AbortSignal(),
  ({ AbortSignal }) => Object.prototype.toString.call(AbortSignal.abort()),
  ({ AbortSignal, EventTarget }) => AbortSignal.abort() instanceof EventTarget,
  ({ AbortSignal }) => {
    const signal = AbortSignal.any([AbortSignal.abort("a"), AbortSignal.abort("b")]);
    return [signal.aborted, signal.reason, AbortSignal.any([]).aborted];
  },
  ({ AbortSignal }) => AbortSignal.any([{} as AbortSignal]),
];

test("events and their targets do what Node's do", () => same(SCENES, (scene) => scene(kit), (scene) => scene(node)));
test("abort controllers and signals do what Node's do", () => same(ABORTS, (scene) => scene(kit), (scene) => scene(node)));

test("listeners that come during a dispatch are not called, those that go are not either", () => {
  const target = new events.EventTarget();
  const seen: number[] = [];
  const third = (): number => seen.push(3);
  target.addEventListener("go", () => {
    seen.push(1);
    target.removeEventListener("go", third);
    target.addEventListener("go", () => seen.push(4));
  });
  target.addEventListener("go", () => seen.push(2));
  target.addEventListener("go", third);
  target.dispatchEvent(new events.Event("go"));
  assert.deepEqual(seen, [1, 2]);
});

test("a passive listener prevents nothing", () => {
  const target = new events.EventTarget();
  target.addEventListener("go", (event) => event.preventDefault(), { passive: true });
  assert.equal(target.dispatchEvent(new events.Event("go", { cancelable: true })), true);
  target.addEventListener("go", (event) => event.preventDefault());
  assert.equal(target.dispatchEvent(new events.Event("go", { cancelable: true })), false);
  assert.equal(target.dispatchEvent(new events.Event("go")), true);
});

test("all signals that follow one are aborted before the first listener hears of it", () => {
  const [one, other] = [new abort.AbortController(), new abort.AbortController()];
  const either = abort.AbortSignal.any([one.signal, other.signal]);
  const nested = abort.AbortSignal.any([either, one.signal]);
  const seen: string[] = [];
  for (const [name, signal] of Object.entries({ one: one.signal, either, nested })) {
    signal.addEventListener("abort", () => seen.push(`${name} ${[one.signal, either, nested].map((each) => each.aborted).join()}`));
  }
  one.abort("first");
  other.abort("second");
  assert.deepEqual(seen, ["one true,true,true", "either true,true,true", "nested true,true,true"]);
  assert.deepEqual([either.reason, nested.reason], ["first", "first"]);
});

test("a listener that throws does not keep the others from being called, and is reported", async () => {
  const target = new events.EventTarget();
  const seen: unknown[] = [];
  target.addEventListener("go", () => {
    throw new Error("boom");
  });
  target.addEventListener("go", () => seen.push(2));
  // The runner's own listeners take it for a fault of the test.
  const runners = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const unhandled = new Promise((resolve) => process.once("unhandledRejection", resolve));
  assert.equal(target.dispatchEvent(new events.CustomEvent("go", { detail: 7 })), true);
  assert.deepEqual(seen, [2]);
  assert.equal(((await unhandled) as Error).message, "boom");
  for (const each of runners) process.on("unhandledRejection", each);
  assert.deepEqual([new events.CustomEvent("a", { detail: 7 }).detail, new events.CustomEvent("a").detail], [7, null]);
});

test("a signal with a time waits with the timer that was given", () => {
  let run: (() => void) | undefined;
  let waited: number | undefined;
  const { setTimeout: real } = globalThis;
  Object.assign(globalThis, {
    setTimeout: (task: () => void, ms: number) => {
      run = task;
      waited = ms;
    },
  });
  const signal = abort.AbortSignal.timeout(250);
  Object.assign(globalThis, { setTimeout: real });
  const told: unknown[] = [];
  const forget = abort.onAbort(signal, () => told.push("no"));
  abort.onAbort(signal, () => told.push(signal.aborted));
  forget();
  assert.deepEqual([waited, signal.aborted], [250, false]);
  run?.();
  assert.deepEqual([signal.aborted, signal.reason.name, signal.reason.code, told], [true, "TimeoutError", 23, [true]]);
  assert.throws(() => abort.AbortSignal.timeout(-1), TypeError);
  assert.throws(() => abort.AbortSignal.timeout(NaN), TypeError);
});

test("structuredClone copies what Node copies", () => {
  const circle: Record<string, unknown> = { deep: { list: [1, , 3] } };
  circle["self"] = circle;
  circle["map"] = new Map<unknown, unknown>([[circle, new Set([circle, "x"])], ["k", { a: 1 }]]);
  const bytes = new Uint8Array([1, 2, 3, 4]);
  class Own {
    readonly member = 1;
  }
  const sparse = [1, , 3];
  Object.assign(sparse, { extra: true });
  const values: readonly unknown[] = [
    undefined, null, true, -0, NaN, "text \ud800", 10n, new Boolean(false), new Number(7), new String("s"), Object(1n), new Date(5),
    /a(b)/giu, circle, bytes, bytes.buffer, new DataView(bytes.buffer, 1, 2), { a: bytes.subarray(1, 3), b: bytes.subarray(2) },
    new Float64Array([1.5, NaN]), new BigInt64Array([1n]), new Map([[{ a: 1 }, [1]]]), new Set([1, "a", { b: 2 }]), sparse, new Own(),
    Object.create(null), { get computed() { return 1; } }, Object.defineProperty({ seen: 1 }, "hidden", { value: 1 }), { [Symbol("s")]: 1, a: 2 },
    JSON.parse('{"__proto__": {"a": 1}}'), new Array(3), Symbol("x"), () => 1, { inner: () => 1 }, new WeakMap(), new WeakSet(), Promise.resolve(1),
    { list: [Symbol("deep")] },
  ];
  same(values, (value) => copied(value), (value) => structuredClone(value));
  const copy = copied(circle) as { self: unknown; map: Map<unknown, Set<unknown>> };
  assert.equal(copy.self, copy);
  assert.equal(copy.map.get(copy)?.has(copy), true);
  const shared = copied({ one: bytes, other: bytes.subarray(1) });
  assert.equal(shared.one.buffer, shared.other.buffer);
  assert.throws(() => (copied as () => unknown)(), TypeError);
});

test("errors are copied with their name, message, stack and cause", () => {
  const errors = [new TypeError("t"), new RangeError("r"), Object.assign(new Error("own"), { name: "Own", code: 7 }), new Error()];
  const of = (error: Error): unknown[] => [error.name, error.message, Object.getPrototypeOf(error), error.stack, Object.keys(error), "message" in error];
  same(errors, (error) => of(copied(error)), (error) => of(structuredClone(error)));
  const { cause } = copied(new Error("outer", { cause: { inner: [1] } }));
  assert.deepEqual(cause, { inner: [1] });
  const abortion = copied(new DOMException("m", "AbortError"));
  assert.deepEqual([abortion.name, abortion.code, abortion instanceof DOMException], ["AbortError", 20, true]);
});

/** `Event`, `CustomEvent` and `EventTarget` of the DOM Standard, where there is no tree. */

export interface EventInit {
  bubbles?: boolean | undefined;
  cancelable?: boolean | undefined;
  composed?: boolean | undefined;
}
export interface CustomEventInit<T = unknown> extends EventInit {
  detail?: T;
}
export interface EventListener {
  (event: Event): void;
}
export interface EventListenerObject {
  handleEvent(event: Event): void;
}
export type EventListenerOrEventListenerObject = EventListener | EventListenerObject;
export interface EventListenerOptions {
  capture?: boolean | undefined;
}
export interface AddEventListenerOptions extends EventListenerOptions {
  once?: boolean | undefined;
  passive?: boolean | undefined;
  /** Takes the listener away when it is aborted. */
  signal?: AbortableTarget | undefined;
}
/** What is needed of an `AbortSignal`, which is made of this file. */
interface AbortableTarget extends EventTarget {
  readonly aborted: boolean;
}

const AT_TARGET = 2;

/** What a dispatch writes into an event. */
interface Progress {
  target: EventTarget | null;
  current: EventTarget | null;
  canceled: boolean;
  stopped: boolean;
  stoppedNow: boolean;
  passive: boolean;
}

let progressOf: (event: Event) => Progress;

export class Event {
  static readonly NONE = 0;
  static readonly CAPTURING_PHASE = 1;
  static readonly AT_TARGET = AT_TARGET;
  static readonly BUBBLING_PHASE = 3;

  readonly #type: string;
  readonly #init: EventInit;
  readonly #progress: Progress = {
    target: null, current: null, canceled: false, stopped: false, stoppedNow: false, passive: false,
  };

  static {
    progressOf = (event) => event.#progress;
  }

  constructor(type: string, init: EventInit = {}) {
    if (arguments.length === 0) throw new TypeError("Event: it needs a type");
    this.#type = `${type}`;
    this.#init = init ?? {};
  }

  get type(): string {
    return this.#type;
  }

  get bubbles(): boolean {
    return Boolean(this.#init.bubbles);
  }

  get cancelable(): boolean {
    return Boolean(this.#init.cancelable);
  }

  get composed(): boolean {
    return Boolean(this.#init.composed);
  }

  get target(): EventTarget | null {
    return this.#progress.target;
  }

  get srcElement(): EventTarget | null {
    return this.#progress.target;
  }

  get currentTarget(): EventTarget | null {
    return this.#progress.current;
  }

  get eventPhase(): number {
    return this.#progress.current === null ? Event.NONE : AT_TARGET;
  }

  get defaultPrevented(): boolean {
    return this.#progress.canceled;
  }

  get returnValue(): boolean {
    return !this.#progress.canceled;
  }

  get cancelBubble(): boolean {
    return this.#progress.stopped;
  }

  set cancelBubble(stop: boolean) {
    if (stop) this.#progress.stopped = true;
  }

  get isTrusted(): boolean {
    return false;
  }

  /** Always 0: no clock is asked. */
  get timeStamp(): number {
    return 0;
  }

  composedPath(): EventTarget[] {
    return this.#progress.current === null ? [] : [this.#progress.current];
  }

  preventDefault(): void {
    if (this.cancelable && !this.#progress.passive) this.#progress.canceled = true;
  }

  stopPropagation(): void {
    this.#progress.stopped = true;
  }

  stopImmediatePropagation(): void {
    this.#progress.stopped = true;
    this.#progress.stoppedNow = true;
  }

  get [Symbol.toStringTag](): string {
    return "Event";
  }
}

export class CustomEvent<T = unknown> extends Event {
  readonly #detail: T;

  constructor(type: string, init: CustomEventInit<T> = {}) {
    super(type, init);
    this.#detail = (init?.detail ?? null) as T;
  }

  get detail(): T {
    return this.#detail;
  }

  override get [Symbol.toStringTag](): string {
    return "CustomEvent";
  }
}

interface Registered {
  readonly listener: EventListenerOrEventListenerObject;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

export class EventTarget {
  #listeners: Map<string, Registered[]> | undefined;

  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void {
    if (listener === null || listener === undefined) return;
    if (typeof listener !== "function" && typeof listener !== "object") throw new TypeError("addEventListener: the listener is no function");
    const { capture, once, passive, signal } = typeof options === "object" && options !== null ? options : { capture: options };
    if (signal?.aborted === true) return;
    this.#listeners ??= new Map();
    const all = this.#listeners.get(type) ?? [];
    if (all.some((each) => each.listener === listener && each.capture === Boolean(capture))) return;
    const added = { listener, capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), removed: false };
    // A copy: a dispatch that is going on must not see it.
    this.#listeners.set(type, [...all, added]);
    signal?.addEventListener("abort", () => this.#remove(type, added), { once: true });
  }

  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void {
    const capture = Boolean(typeof options === "object" && options !== null ? options.capture : options);
    const found = this.#listeners?.get(type)?.find((each) => each.listener === listener && each.capture === capture);
    if (found !== undefined) this.#remove(type, found);
  }

  /** Calls the listeners. Whether none of them has prevented the default. */
  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent: it takes an Event");
    const progress = progressOf(event);
    if (progress.current !== null) {
      throw new DOMException("dispatchEvent: the event is being dispatched already", "InvalidStateError");
    }
    progress.target = this;
    progress.current = this;
    const listeners = this.#listeners?.get(event.type) ?? [];
    for (const capture of [true, false]) {
      if (!progress.stopped) this.#call(listeners.filter((each) => each.capture === capture), event, progress);
    }
    progress.current = null;
    progress.stopped = false;
    progress.stoppedNow = false;
    return !progress.canceled;
  }

  get [Symbol.toStringTag](): string {
    return "EventTarget";
  }

  #call(listeners: readonly Registered[], event: Event, progress: Progress): void {
    for (const each of listeners) {
      if (progress.stoppedNow) return;
      if (each.removed) continue;
      if (each.once) this.#remove(event.type, each);
      progress.passive = each.passive;
      try {
        if (typeof each.listener === "function") Reflect.apply(each.listener, this, [event]);
        else each.listener.handleEvent(event);
      } catch (thrown) {
        // The other listeners are called all the same; this one is reported like a promise that
        // nobody has handled.
        void Promise.reject(thrown);
      }
      progress.passive = false;
    }
  }

  #remove(type: string, registered: Registered): void {
    registered.removed = true;
    const others = (this.#listeners?.get(type) ?? []).filter((each) => each !== registered);
    this.#listeners?.set(type, others);
  }
}

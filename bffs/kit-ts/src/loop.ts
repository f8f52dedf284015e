/**
 * What waits in a request: calls under way, and timers. The engine runs promises by itself; when
 * none can go on it asks for a turn, and one call or timer is waited for, by the host. So calls
 * that were started together are under way together, and no wait costs CPU.
 */
import { start, waitAny, type Call, type Exchange, type Failure, type Result } from "tailor:bff/downstream@0.1.1";
import { elapsedNs } from "tailor:bff/runtime@0.1.1";
import { withResolvers } from "./web/stream-state.ts";

/** A call whose promise is not settled. */
interface Waiting {
  readonly exchange: Exchange;
  readonly settle: () => void;
}

interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly run: () => void;
}

/** Most timers at once: each is looked at in each turn. */
const MAX_TIMERS = 1024;
/**
 * Most calls at once; further ones begin when one of them has ended. Each is a handle of the BFF,
 * and one more while it is waited for: together they stay below `limits.handles`, which is 64, past
 * which the host ends the instance.
 */
const MAX_CALLS = 31;

// Each request has an instance of its own. Tests begin anew by `beginLoop`.
let waiting: Waiting[] = [];
let queued: (() => void)[] = [];
let timers: Timer[] = [];
let lastTimer = 0;

/** Forgets what waits. */
export function beginLoop(): void {
  waiting = [];
  queued = [];
  timers = [];
}

/** A call under way. */
export interface Underway {
  readonly result: Promise<Result>;
  /**
   * Waits no longer for its result, which is never there then. The call itself ends when the engine
   * frees its handle, with the request at the latest.
   */
  readonly forget: () => void;
}

/** Starts a call, or has it wait for its turn. */
export function launch(call: Call): Underway {
  const { promise, resolve, reject } = withResolvers<Result>();
  let entry: Waiting | undefined;
  const begin = (): void => {
    try {
      const exchange = start(call);
      entry = { exchange, settle: () => resolve(resultOf(exchange)) };
      waiting.push(entry);
    } catch (thrown) {
      reject(thrown);
    }
  };
  if (waiting.length < MAX_CALLS) begin();
  else queued.push(begin);
  const forget = (): void => {
    queued = queued.filter((each) => each !== begin);
    const place = waiting.findIndex((each) => each === entry);
    if (place >= 0) take(place);
  };
  return { result: promise, forget };
}

/** Takes a call out, and begins the one that has waited longest. */
function take(place: number): Waiting | undefined {
  const [taken] = waiting.splice(place, 1);
  queued.shift()?.();
  return taken;
}

/** The result of a call as `fetchAll` would give it: the engine throws a failure. */
export function resultOf(exchange: Exchange): Result {
  try {
    return { tag: "ok", val: exchange.wait() };
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("payload" in thrown)) throw thrown;
    return { tag: "err", val: thrown.payload as Failure };
  }
}

/** Runs `run` after `delayMs`, once or again and again. Gives the number of the timer. */
export function setTimer(run: () => void, delayMs: number, repeat: boolean): number {
  if (timers.length >= MAX_TIMERS) throw new RangeError(`more than ${MAX_TIMERS} timers at once`);
  // As in Node and in browsers: what is no number, and what is too large, is as soon as possible.
  const delay = delayMs >= 1 && delayMs <= 0x7fff_ffff ? Math.trunc(delayMs) : 1;
  lastTimer += 1;
  addTimer(lastTimer, run, delay, repeat);
  return lastTimer;
}

function addTimer(id: number, run: () => void, delay: number, repeat: boolean): void {
  const again = (): void => {
    addTimer(id, run, delay, repeat);
    run();
  };
  const timer = { id, dueMs: elapsedMs() + delay, run: repeat ? again : run };
  // Of equal times, the one that was set first.
  const place = timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
  timers.splice(place < 0 ? timers.length : place, 0, timer);
}

/** Ends a timer, if it is one. */
export function clearTimer(id: unknown): void {
  const place = timers.findIndex((timer) => timer.id === id);
  if (place >= 0) timers.splice(place, 1);
}

/** A handler waits, and nothing is under way that could end that. */
export class NothingToWaitFor extends Error {
  override readonly name = "NothingToWaitFor";
}

/**
 * Waits for the next call or timer, and lets it go on. Throws when there is none, and when the
 * request's time for calls ends before the next timer.
 */
export function turn(): void {
  const [next] = timers;
  if (next === undefined && waiting.length === 0) {
    throw new NothingToWaitFor("the handler waits for a promise that nothing settles: no call and no timer is left");
  }
  const left = next === undefined ? null : Math.max(0, Math.ceil(next.dueMs - elapsedMs()));
  const place = waitAny(waiting.map(({ exchange }) => exchange), left);
  if (place !== null) {
    take(place)?.settle();
  } else if (next !== undefined && elapsedMs() >= next.dueMs) {
    timers.shift();
    next.run();
  } else {
    // The request's time for calls is over: what is under way fails.
    const first = take(0);
    if (first === undefined) throw new NothingToWaitFor("the handler waits for a timer that ends after the request's deadline");
    first.settle();
  }
}

function elapsedMs(): number {
  return elapsedNs() / 1e6;
}

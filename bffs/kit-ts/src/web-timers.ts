/** Timers of the web, and microtasks. */
import { clearTimer, setTimer } from "./loop.ts";
import { needHost } from "./module-level.ts";

export function setTimeout(task: unknown, delayMs: unknown = 0, ...given: unknown[]): number {
  return timer("setTimeout", task, delayMs, given, false);
}

export function setInterval(task: unknown, delayMs: unknown = 0, ...given: unknown[]): number {
  return timer("setInterval", task, delayMs, given, true);
}

export function clearTimeout(id: unknown): void {
  clearTimer(id);
}

export function clearInterval(id: unknown): void {
  clearTimer(id);
}

/**
 * The engine's own ends the instance without a line when the task throws. So it is a rejected
 * promise that nobody handles.
 */
export function queueMicrotask(task: unknown): void {
  if (typeof task !== "function") throw new TypeError("queueMicrotask: what is to run is no function");
  void Promise.resolve().then(() => void Reflect.apply(task, undefined, []));
}

function timer(name: string, task: unknown, delayMs: unknown, given: readonly unknown[], repeat: boolean): number {
  needHost(`${name}()`);
  if (typeof task !== "function") throw new TypeError(`${name}: what is to run is no function`);
  return setTimer(() => Reflect.apply(task, undefined, given), Number(delayMs), repeat);
}

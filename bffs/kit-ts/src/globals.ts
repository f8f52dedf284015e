/**
 * The web's globals for clock and chance, by the host. The engine has neither: what it has of them
 * when the component is built is in the component's image, the same for every request.
 */
import { elapsedNs, nowMs, random } from "tailor:bff/runtime@0.1.1";
import { isPackagesOwn } from "./module-level.ts";

/** The engine's own `Date`, for times that are given: it is faster, and has no clock. */
export const EngineDate: DateConstructor = globalThis.Date;

/** Bytes that one call of the host may ask for. */
const MAX_BYTES = 65_536;
/** Bytes of a number of `Math.random`, and numbers that are taken at once. */
const NUMBER_BYTES = 7;
const NUMBERS = 8;

/** `crypto`, as far as it is there. */
interface HostCrypto {
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
}

/** The globals, with the names that they have. */
export interface HostGlobals {
  readonly Date: DateConstructor;
  readonly performance: { now(): number; readonly timeOrigin: number };
  readonly crypto: HostCrypto;
  /** `Math.random`. */
  readonly random: () => number;
}

/**
 * The globals of one request. `check` gets the name of each that is used, and throws where there is
 * no host to ask.
 */
export function hostGlobals(check: (name: string) => void): HostGlobals {
  const now = (name: string): number => {
    if (isPackagesOwn()) return 0;
    check(name);
    return nowMs();
  };
  const bytes = (name: string, length: number): Uint8Array => {
    check(name);
    return random(length);
  };
  const elapsed = (): number => {
    if (isPackagesOwn()) return 0;
    check("performance.now()");
    return elapsedNs() / 1e6;
  };
  return {
    Date: hostDate(now),
    performance: {
      now: elapsed,
      get timeOrigin() {
        return now("performance.timeOrigin") - elapsed();
      },
    },
    crypto: hostCrypto(bytes),
    random: hostRandom(() => bytes("Math.random()", NUMBERS * NUMBER_BYTES)),
  };
}

function hostDate(now: (name: string) => number): DateConstructor {
  function HostDate(this: unknown, ...given: unknown[]): Date | string {
    const target = new.target as unknown;
    if (target === undefined) return new EngineDate(now("Date()")).toString();
    const parts = given.length === 0 ? [now("new Date()")] : given;
    // The engine's own way is much faster, and the rule; the other one is for classes that extend
    // `Date`.
    if (target === HostDate && parts.length === 1) return new EngineDate(parts[0] as number);
    return Reflect.construct(EngineDate, parts, target as () => void) as Date;
  }
  Object.defineProperties(HostDate, {
    name: { value: "Date" },
    length: { value: EngineDate.length },
    prototype: { value: EngineDate.prototype },
    now: { value: () => now("Date.now()"), writable: true, configurable: true },
    parse: { value: EngineDate.parse, writable: true, configurable: true },
    UTC: { value: EngineDate.UTC, writable: true, configurable: true },
  });
  return HostDate as unknown as DateConstructor;
}

/** Numbers of 53 bits, as `Math.random` has them. */
function hostRandom(more: () => Uint8Array): () => number {
  let bytes = new Uint8Array();
  let at = 0;
  return () => {
    if (at === bytes.length) {
      bytes = Uint8Array.from(more());
      at = 0;
    }
    let number = (bytes[at] ?? 0) & 0x1f;
    for (let next = at + 1; next < at + NUMBER_BYTES; next += 1) number = number * 256 + (bytes[next] ?? 0);
    at += NUMBER_BYTES;
    return number / 2 ** 53;
  };
}

function hostCrypto(bytes: (name: string, length: number) => Uint8Array): HostCrypto {
  return {
    getRandomValues: (array) => {
      const { buffer, byteOffset, byteLength } = array;
      const kind = ArrayBuffer.isView(array) ? Object.prototype.toString.call(array) : "";
      if (!/^\[object (?:Big)?(?:Int|Uint)/.test(kind)) throw new TypeError("crypto.getRandomValues: the array must be one of integers");
      if (byteLength > MAX_BYTES) {
        const fault = new Error(`crypto.getRandomValues: ${byteLength} bytes at once are more than ${MAX_BYTES}`);
        fault.name = "QuotaExceededError";
        throw fault;
      }
      new Uint8Array(buffer, byteOffset, byteLength).set(bytes("crypto.getRandomValues", byteLength));
      return array;
    },
    randomUUID: () => {
      const id = Uint8Array.from(bytes("crypto.randomUUID", 16));
      id[6] = ((id[6] ?? 0) & 0x0f) | 0x40;
      id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
      const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const part = (from: number, to: number): string => digits.slice(from, to);
      return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
    },
  };
}

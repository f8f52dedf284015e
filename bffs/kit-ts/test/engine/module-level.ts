/**
 * A BFF whose module-level code needs the host: it must not build, since the answer would be the
 * one of the build.
 */
import {
  bff, config, elapsedMs, fetchAll, get, getJson, json, log, nowMs, number, randomBytes, start, timeLeftMs, today, waitAny,
} from "../../src/index.ts";

const call = getJson("activity", "/", {}, number);
const uses: readonly (() => unknown)[] = [
  () => new Date(),
  () => Date.now(),
  () => Date(),
  () => performance.now(),
  () => performance.timeOrigin,
  () => Math.random(),
  () => crypto.randomUUID(),
  () => crypto.getRandomValues(new Uint8Array(1)),
  () => nowMs(),
  () => today(),
  () => elapsedMs(),
  () => timeLeftMs(),
  () => randomBytes(1),
  () => config("key"),
  () => log.info("message"),
  () => fetchAll(call),
  () => start(call),
  () => waitAny([], 1),
];
const messages = uses.map((use) => {
  try {
    return `no error: ${String(use())}`;
  } catch (fault) {
    return String(fault);
  }
});
const refused = messages.filter((message) => message.includes(" at module level, which runs when the component is built: "));

throw new Error(`${refused.length} of ${uses.length} refused: ${messages.join("; ")}`);

export const handler = bff([get("/", () => json(null))]);

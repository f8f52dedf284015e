/**
 * A BFF that tells its clock and its random numbers: run in Node by doubles.test.ts, and in a
 * component by the host's tests.
 */
// The name of an earlier patch of the contract stands for the kit's own.
import { nowMs } from "tailor:bff/runtime@0.1.0";
import { bff, get, json } from "../../src/index.ts";

export const handler = bff([
  get("/", () => {
    class Later extends Date {}
    const values = new Uint16Array(2);
    return json([
      [Date.now(), new Date().toISOString(), Date().slice(0, 15), new Date(0).toISOString(), new Date(2026, 0, 15).getDate()],
      [new Date() instanceof Date, new Later() instanceof Later, new Later().getTime(), Date.name, Date.length],
      [performance.now() >= 0, performance.timeOrigin <= Date.now(), Date.now() >= nowMs()],
      [Math.random(), Math.random(), crypto.randomUUID(), crypto.getRandomValues(values) === values, [...values]],
    ]);
  }),
]);

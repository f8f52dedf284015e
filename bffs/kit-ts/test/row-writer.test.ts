/** Rows that are written from columns are those that JSON.stringify writes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { boolean, columns, duration, formatDate, nullable, number, rowWriter, string, tabulated } from "../src/index.ts";

/** Numbers from 0 to 1, the same in each run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const TEXTS = [
  "", "plain", ",", '","', '"', "\\", '\\"', "],[", "a,b", "\n\r\t\b\f\0\u001f", "\u007f\u2028\u2029", "\ud83d", "\ude00", "😀", "null", "é,ü",
  "</script>",
];
const NUMBERS = [
  0, -0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 2 ** 53, 1.7976931348623157e308, NaN, Infinity, -Infinity, 0xffff_ffff, 123.456,
];

test("any values give what JSON.stringify gives of the rows", () => {
  const next = chance(7);
  const of = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const minutes = tabulated(duration, 1440);
  const write = rowWriter({ '"a\u2028,': string, ["__proto__"]: number, constructor: boolean, "\ud83d": minutes, z: string, length: number });
  for (let round = 0; round < 500; round += 1) {
    const rows = Math.floor(next() * 5);
    // Most columns have plain values alone, so that each way of the writer is gone.
    const column = <T>(plain: readonly T[], all: readonly T[]): (T | null)[] => {
      const from = next() < 0.5 ? plain : [...all, null];
      return Array.from({ length: rows }, () => of(from));
    };
    const table = {
      '"a\u2028,': column(["x", "y z"], TEXTS),
      ["__proto__"]: column([1, 2.5], NUMBERS),
      constructor: column([true, false], [true]),
      "\ud83d": column([0, 431, 1440], [1441, 7]),
      z: column(["q"], TEXTS),
      length: column([8423], NUMBERS),
    };
    const written = (name: keyof typeof table, row: number): unknown => {
      const value = table[name][row];
      return name === "\ud83d" && typeof value === "number" ? duration(value) : value;
    };
    const names = Object.keys(table) as (keyof typeof table)[];
    const expected = Array.from({ length: rows }, (_, row) => Object.fromEntries(names.map((name) => [name, written(name, row)])));
    assert.equal(write(table), JSON.stringify(expected));
  }
});

test("what types do not keep out stays a value of JSON", () => {
  const write = rowWriter({ s: string, n: number });
  const lie = (s: unknown, n: unknown): unknown => JSON.parse(write({ s: [s as string], n: [n as number] }));
  assert.deepEqual(lie(7, '1,"admin":true'), [{ s: 7, n: '1,"admin":true' }]);
  assert.deepEqual(lie({ a: [1, 2] }, { b: 1 }), [{ s: { a: [1, 2] }, n: { b: 1 } }]);
  assert.deepEqual(lie("s", undefined), [{ s: "s" }]);
  assert.throws(() => rowWriter({ s: nullable(string) as never }), /rowWriter: s is neither string, number nor boolean, nor tabulated/);
  assert.throws(() => rowWriter({}), /a row without members/);
});

test("columns of two lengths are refused, with their names", () => {
  const write = rowWriter({ date: string, steps: number });
  assert.throws(() => write({ date: ["a", "b"], steps: [1] }), {
    message: "the columns are not of one length: date has 2 values, steps has 1",
  });
});

test("a table is aligned to the rows that are asked for", () => {
  const days = columns("/days", { date: string, steps: nullable(number) });
  const table = { date: ["b", "c"], steps: [2, 3] };
  assert.equal(days.align("date", ["b", "c"], table), table);
  assert.deepEqual(days.align("date", ["a", "b", "c", "d"], table), { date: [null, "b", "c", null], steps: [null, 2, 3, null] });
  assert.deepEqual(days.align("date", ["c", "b"], table).steps, [3, 2]);
  assert.deepEqual(days.align("date", ["b"], table).steps, [2]);
  assert.deepEqual(days.align("date", ["b"], { date: ["b", "b"], steps: [1, 2] }).steps, [2]);
  assert.deepEqual(days.align("date", ["a", "b"], undefined), { date: [null, null], steps: [null, null] });
  assert.deepEqual(days.align("date", [], table), { date: [], steps: [] });
});

test("dates in a row are those of the calendar", () => {
  for (let day = -800_000 / 2; day < 800_000; day += 1) {
    if (day % 997 > 40) continue;
    assert.equal(formatDate(day), new Date(day * 86_400_000).toISOString().slice(0, 10));
  }
  const next = chance(3);
  for (let round = 0; round < 5000; round += 1) {
    const day = Math.floor(next() * 70) + 20_000;
    assert.equal(formatDate(day), new Date(day * 86_400_000).toISOString().slice(0, 10));
  }
  assert.equal(formatDate(20_454.5), "2026-01-01");
});

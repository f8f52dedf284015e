/** Dates, durations and decoders. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, boolean, duration, formatDate, nullable, number, object, parseDate, string } from "../src/index.ts";

test("days of the calendar come back as they were written", () => {
  for (const day of ["1970-01-01", "1969-12-31", "2000-02-29", "2026-01-15", "9999-12-31", "0100-03-01"]) {
    assert.equal(formatDate(parseDate(day) ?? NaN), day);
  }
  assert.deepEqual([parseDate("1970-01-01"), parseDate("1970-03-01"), parseDate("1969-12-31")], [0, 59, -1]);
});

test("what is no day of the calendar is no date", () => {
  const days = ["2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-01-00"];
  const forms = ["2026-1-5", " 2026-01-15", "2026-01-15\n", "2026-01-15T00:00:00Z", "+002026-01-15", "20260115", "٢٠٢٦-٠١-١٥", ""];
  for (const text of [...days, ...forms]) assert.equal(parseDate(text), undefined, text);
});

test("durations are hours and minutes", () => {
  assert.deepEqual([0, 1, 59, 60, 61, 431, 480, 1440].map(duration), [
    "PT0M", "PT1M", "PT59M", "PT1H", "PT1H1M", "PT7H11M", "PT8H", "PT24H",
  ]);
});

test("decoders give typed values and ignore members they do not know", () => {
  const decode = object({ name: string, days: array(object({ steps: number, done: boolean, note: nullable(string) })) });
  const read: { name: string; days: { steps: number; done: boolean; note: string | null }[] } = decode({
    name: "ada",
    more: 1,
    days: [{ steps: 1, done: true, note: null }, { steps: 2, done: false }],
  });
  const days = [{ steps: 1, done: true, note: null }, { steps: 2, done: false, note: null }];
  assert.deepEqual(read, { name: "ada", days });
});

test("a value of the wrong kind is named by its place, and not shown", () => {
  const decode = object({ days: array(object({ steps: number })) });
  const cases: [unknown, string][] = [
    [null, "the document: expected object, found null"],
    [[], "the document: expected object, found array"],
    [{}, "/days: expected array, found nothing"],
    [{ days: { length: 1 } }, "/days: expected array, found object"],
    [{ days: [{ steps: 1 }, { steps: "secret" }] }, "/days/1/steps: expected number, found string"],
    [{ days: [{ steps: true }] }, "/days/0/steps: expected number, found boolean"],
  ];
  for (const [value, message] of cases) assert.throws(() => decode(value), { name: "DecodeError", message });
  assert.throws(() => object({ toString: string })({}), { message: "/toString: expected string, found nothing" });
});

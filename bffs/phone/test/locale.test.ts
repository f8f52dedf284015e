/** The texts of locale.ts are those that `Intl` makes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { writerFor } from "../src/locale.ts";

for (const [locale, units, unit, metres] of [
  ["en-GB", "metric", "kilometer", 1000],
  ["en-US", "imperial", "mile", 1609.344],
  ["de-DE", "metric", "kilometer", 1000],
] as const) {
  const write = writerFor(locale, units);

  test(`${locale}: a year of days`, () => {
    const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
    for (let at = Date.UTC(2028, 0, 1); at <= Date.UTC(2028, 11, 31); at += 86_400_000) {
      assert.equal(write.day(new Date(at).toISOString().slice(0, 10)), day.format(at));
    }
  });

  test(`${locale}: numbers`, () => {
    const [count, percent] = [new Intl.NumberFormat(locale), new Intl.NumberFormat(locale, { style: "percent" })];
    const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    const distance = new Intl.NumberFormat(locale, { style: "unit", unit, ...tenths });
    for (const number of [0, 1, 49, 100, 999, 1000, 10_204, 123_456, 1_234_567]) {
      assert.equal(write.count(number), count.format(number));
      assert.equal(write.percent(number), percent.format(number / 100));
      assert.equal(write.distance(number), distance.format(number / metres));
    }
  });
}

test("everybody else reads English, and minutes are a time everywhere", () => {
  assert.equal(writerFor("pt-PT", "metric").day("2026-01-15"), "Thursday 15 January");
  assert.deepEqual([0, 59, 60, 428].map(writerFor("de-DE", "metric").time), ["0:00", "0:59", "1:00", "7:08"]);
});

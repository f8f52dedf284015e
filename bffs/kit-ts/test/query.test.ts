/** Query parameters are read strictly, and what is wrong is said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { date, formatDate, integer, oneOf, optional, Problem, readQuery, required, text } from "../src/index.ts";

const PARAMETERS = {
  day: required(date),
  limit: optional(integer(0, 20), 5),
  unit: optional(oneOf(["m", "km"]), "m"),
  note: optional(text(3), null),
};

function problemOf(query: readonly [string, string][]): readonly [number, string, unknown] {
  try {
    readQuery(query, PARAMETERS);
  } catch (thrown) {
    if (thrown instanceof Problem) return [thrown.status, thrown.message, thrown.options.members];
    throw thrown;
  }
  throw new Error("accepted");
}

test("good parameters are typed and those not given have their default", () => {
  const { day, limit, unit, note } = readQuery([["day", "2026-01-15"]], PARAMETERS);
  const typed: readonly [number, number, "m" | "km", string | null] = [day, limit, unit, note];
  assert.deepEqual([formatDate(typed[0]), ...typed.slice(1)], ["2026-01-15", 5, "m", null]);
  const all = readQuery([["note", "äöü"], ["unit", "km"], ["limit", "0"], ["day", "2024-02-29"]], PARAMETERS);
  assert.deepEqual([all.limit, all.unit, all.note], [0, "km", "äöü"]);
});

test("what is not allowed is named, with the value given and what is allowed", () => {
  const day: [string, string] = ["day", "2026-01-15"];
  const cases: readonly [readonly [string, string][], string, string, string][] = [
    [[["day", "15.1."]], "day", "15.1.", "a date as `YYYY-MM-DD`"],
    [[["day", ""]], "day", "", "a date as `YYYY-MM-DD`"],
    [[day, ["limit", "21"]], "limit", "21", "a whole number from 0 to 20"],
    [[day, ["limit", "-1"]], "limit", "-1", "a whole number from 0 to 20"],
    [[day, ["limit", "1e1"]], "limit", "1e1", "a whole number from 0 to 20"],
    [[day, ["limit", "05"]], "limit", "05", "a whole number from 0 to 20"],
    [[day, ["unit", "KM"]], "unit", "KM", "`m`, `km`"],
    [[day, ["note", ""]], "note", "", "1 to 3 characters"],
    [[day, ["unit", "m"], ["unit", "m"]], "unit", "m", "one value only"],
    [[day, ["Limit", "1"]], "Limit", "1", "only the parameters `day`, `limit`, `unit`, `note`"],
    [[day, ["__proto__", "1"]], "__proto__", "1", "only the parameters `day`, `limit`, `unit`, `note`"],
  ];
  for (const [query, parameter, value, allowed] of cases) {
    const detail = `query parameter \`${parameter}\` is \`${value}\`; allowed: ${allowed}`;
    assert.deepEqual(problemOf(query), [400, detail, { parameter, value, allowed }]);
  }
  const allowed = "a date as `YYYY-MM-DD`";
  const missing = `query parameter \`day\` is missing; allowed: ${allowed}`;
  assert.deepEqual(problemOf([]), [400, missing, { parameter: "day", allowed }]);
});

test("a long value is cut between characters", () => {
  const [, detail] = problemOf([["day", "😀".repeat(1000)]]);
  assert.ok(detail.includes(`\`${"😀".repeat(64)}…\``), detail);
});

/**
 * `Intl` of the kit over the doubles says what Node's own says, and refuses what the host cannot do.
 */
import assert from "node:assert/strict";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { formatNumber, sort, zoneAt } from "tailor:bff/locale@0.1.1";
import { call } from "../testing/index.ts";
import { handler as locale, type Case } from "./engine/locale.ts";
import { run, shown } from "./helpers.ts";

/** What `use` has in a handler. */
function inHandler(use: () => unknown): unknown {
  return run(() => shown(use())).json();
}

test("all cases that the host is held to have Node's texts", () => {
  const kit = dirname(realpathSync("node_modules/@tailor/kit/package.json"));
  const cases = JSON.parse(readFileSync(join(kit, "../../tests/integration/golden/locale.json"), "utf8")) as Case[];
  const given = call(locale, { request: { method: "POST", path: "/", body: cases } }).json() as string[];
  const unlike = cases.filter(([, , , , text], at) => text !== given[at]);
  assert.deepEqual(unlike, []);
  assert.ok(cases.length > 200);
});

test("parts, resolved options and names are those of the language", () => {
  const parts = inHandler(() => new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }).formatToParts(-1234.5));
  assert.deepEqual(
    parts,
    new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }).formatToParts(-1234.5).map((part) => ({ ...part })),
  );
  const zone = { timeZone: "Europe/Berlin", timeStyle: "full", dateStyle: "short" } as const;
  assert.deepEqual(inHandler(() => new Intl.DateTimeFormat("de", zone).formatToParts(0)), new Intl.DateTimeFormat("de", zone).formatToParts(0));
  const resolved = inHandler(() => new Intl.DateTimeFormat(["xx", "de-AT"], { month: "long", hour: "2-digit" }).resolvedOptions());
  const own = new Intl.DateTimeFormat(["xx", "de-AT"], { month: "long", hour: "2-digit", timeZone: "UTC" }).resolvedOptions();
  assert.deepEqual(resolved, JSON.parse(JSON.stringify(own)));
  const digits = inHandler(() => new Intl.NumberFormat("de", { style: "percent", maximumFractionDigits: 1 }).resolvedOptions());
  const ownDigits = JSON.parse(JSON.stringify(new Intl.NumberFormat("de", { style: "percent", maximumFractionDigits: 1 }).resolvedOptions())) as object;
  assert.deepEqual({ ...ownDigits, ...(digits as object) }, digits);
  assert.equal(inHandler(() => Intl.DateTimeFormat().resolvedOptions().timeZone), "UTC");
  assert.equal(inHandler(() => Intl.NumberFormat().resolvedOptions().locale), "en-US");
  assert.deepEqual(inHandler(() => Intl.getCanonicalLocales(["de-at", "EN-us"])), ["de-AT", "en-US"]);
  assert.equal(inHandler(() => new Intl.Locale("zh-hant-tw-u-nu-hanidec").toString()), "zh-Hant-TW-u-nu-hanidec");
  assert.equal(inHandler(() => new Intl.Locale("de", { region: "at" }).baseName), "de-AT");
  assert.ok((inHandler(() => Intl.supportedValuesOf("timeZone")) as string[]).includes("Europe/Berlin"));
});

test("what is none is refused as everywhere, and what the host cannot do says what to use", () => {
  const faults: [() => unknown, RegExp][] = [
    [() => new Intl.DateTimeFormat("de", { timeZone: "Europe/Nowhere" }), /RangeError: Intl.DateTimeFormat: .*Europe\/Nowhere/],
    [() => new Intl.NumberFormat("de", { style: "currency" }), /TypeError: .*needs a currency/],
    [() => new Intl.NumberFormat("de", { minimumFractionDigits: 101 }), /RangeError: Intl: minimumFractionDigits is 101/],
    [() => new Intl.DateTimeFormat("not a tag"), /RangeError: Intl: locale "not a tag"/],
    [() => new Date(Number.NaN).toLocaleDateString() === "Invalid Date" && new Intl.DateTimeFormat().format(Number.NaN), /RangeError: .*not valid/],
    [() => new Intl.RelativeTimeFormat("de").format(1, "eon" as "day"), /RangeError: .*"eon"/],
    [() => new Date().toLocaleString("de", { dateStyle: "short", month: "long" }), /TypeError: .*month cannot be set beside/],
    [() => new Intl.NumberFormat("de", { style: "unit", unit: "liter-per-hour" }).format(1), /Error: .*write the unit yourself/],
    [() => new Intl.NumberFormat("de", { notation: "scientific" }), /Error: .*use toExponential/],
    [() => new Intl.DateTimeFormat("de", { minute: "numeric", day: "numeric" }).format(0), /Error: .*set `hour`, too/],
    [() => new Intl.DateTimeFormat("de", { hourCycle: "h24", hour: "numeric" }).format(0), /Error: .*use `h23`/],
    [() => new Intl.ListFormat("de").format(["a".repeat(65_537)]), /Error: .*pass less at once/],
  ];
  for (const [use, message] of faults) assert.throws(() => run(() => shown(use())), (thrown) => message.test(String(thrown)), String(use));
});

test("the contract itself is there, with its form looked at", () => {
  assert.equal((inHandler(() => zoneAt("Asia/Kolkata", 0)) as { offsetS: number }).offsetS, 19_800);
  const berlin = inHandler(() => zoneAt("Europe/Berlin", Date.UTC(2026, 9, 25, 12))) as { dayBeginsMs: number; dayEndsMs: number };
  assert.equal(berlin.dayEndsMs - berlin.dayBeginsMs, 25 * 3_600_000);
  const order = { locales: ["de"], sensitivity: "variant" } as const;
  assert.deepEqual(inHandler(() => sort(["z", "ä", "a"], order)), [2, 1, 0]);
  const wrong = (): string => formatNumber(1 as unknown as string, { locales: [] } as never);
  assert.throws(() => inHandler(wrong), /TypeError: formatNumber: value is a number, not a string/);
  assert.throws(() => inHandler(() => sort(["a"], { ...order, locales: "de" } as never)), /TypeError: sort: options has locales, which/);
});

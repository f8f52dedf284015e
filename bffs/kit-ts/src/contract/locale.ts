/**
 * The contract's `locale` as a BFF imports it: what the engine would end the instance for is a
 * `TypeError`. The host's own refusals come as they are, with their `payload`.
 */
import * as host from "tailor:bff/locale@0.1.1";
import { refuse, wrongTexts } from "../call-shape.ts";
import { needHost } from "../module-level.ts";
import { kindOf, wrongText } from "../shape.ts";

/** What is wrong with a value, as in `is a number, not a string`. */
type Check = (value: unknown) => string | undefined;
type Shape = Readonly<Record<string, Check>>;

const text: Check = wrongText;
const texts: Check = (value) => wrongTexts("", value)?.trim();
const boolean: Check = (value) => (typeof value === "boolean" ? undefined : `is ${kindOf(value)}, not true or false`);
const whole =
  (least: number, most: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most ? undefined : `is ${String(value)}, not a whole number from ${least} to ${most}`;
const byte = whole(0, 255);
const time = whole(-8.64e15, 8.64e15);
const one =
  (...allowed: string[]): Check =>
  (value) =>
    typeof value === "string" && allowed.includes(value) ? undefined : `is ${typeof value === "string" ? "another text" : kindOf(value)}, not one of ${allowed.join(", ")}`;
const perhaps =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null ? undefined : check(value);
const object =
  (shape: Shape): Check =>
  (value) => {
    if (typeof value !== "object" || value === null) return `is ${kindOf(value)}, not an object`;
    for (const [name, check] of Object.entries(shape)) {
      const wrong = check((value as Readonly<Record<string, unknown>>)[name]);
      if (wrong !== undefined) return `has ${name}, which ${wrong}`;
    }
    return undefined;
  };

const width = one("long", "short", "narrow");
const digitWidth = one("numeric", "two-digit");
const style = one("full", "long", "medium", "short");
const date = object({
  locales: texts,
  timeZone: text,
  dateStyle: perhaps(style),
  timeStyle: perhaps(style),
  weekday: perhaps(width),
  era: perhaps(width),
  year: perhaps(digitWidth),
  month: perhaps(one("numeric", "two-digit", "long", "short", "narrow")),
  day: perhaps(digitWidth),
  dayPeriod: perhaps(width),
  hour: perhaps(digitWidth),
  minute: perhaps(digitWidth),
  second: perhaps(digitWidth),
  fractionalSecondDigits: perhaps(byte),
  timeZoneName: perhaps(one("short", "long", "short-offset", "long-offset", "short-generic", "long-generic")),
  hour12: perhaps(boolean),
  hourCycle: perhaps(one("h11", "h12", "h23", "h24")),
  numberingSystem: perhaps(text),
});
const rounding = one("ceil", "floor", "expand", "trunc", "half-ceil", "half-floor", "half-expand", "half-trunc", "half-even");
const digits = object({
  minimumInteger: perhaps(byte),
  minimumFraction: perhaps(byte),
  maximumFraction: perhaps(byte),
  minimumSignificant: perhaps(byte),
  maximumSignificant: perhaps(byte),
  rounding: perhaps(rounding),
  stripIfInteger: boolean,
});
const number = object({
  locales: texts,
  style: one("decimal", "percent", "currency", "unit"),
  currency: perhaps(text),
  currencyDisplay: perhaps(one("symbol", "narrow-symbol", "code", "name")),
  accounting: boolean,
  unit: perhaps(text),
  unitDisplay: perhaps(width),
  notation: one("standard", "compact-short", "compact-long"),
  digits,
  grouping: perhaps(one("auto", "always", "min2", "never")),
  sign: perhaps(one("auto", "always", "never", "except-zero", "negative")),
  numberingSystem: perhaps(text),
});
const plural = object({ locales: texts, ordinal: boolean, digits });
const relativeUnit = one("second", "minute", "hour", "day", "week", "month", "quarter", "year");
const relative = object({ locales: texts, width, words: boolean, numberingSystem: perhaps(text) });
const list = object({ locales: texts, kind: one("conjunction", "disjunction", "unit"), width });
const collation = object({
  locales: texts,
  sensitivity: one("base", "accent", "case", "variant"),
  numeric: perhaps(boolean),
  caseFirst: perhaps(one("upper-first", "lower-first")),
  ignorePunctuation: perhaps(boolean),
});
const names = object({ locales: texts, kind: one("language", "region", "script", "currency"), width, dialect: boolean });

/** `use`, with a look at its arguments first. */
function checked<F extends (...given: never[]) => unknown>(name: string, use: F, ...checks: readonly (readonly [string, Check])[]): F {
  return ((...given: Parameters<F>) => {
    needHost(`${name}()`);
    checks.forEach(([parameter, check], place) => {
      const wrong = check(given[place]);
      refuse(name, wrong === undefined ? undefined : `${parameter} ${wrong}`);
    });
    return use(...given);
  }) as F;
}

export const formatDate = checked("formatDate", host.formatDate, ["atMs", time], ["options", date]);
export const dateParts = checked("dateParts", host.dateParts, ["atMs", time], ["options", date]);
export const resolveDate = checked("resolveDate", host.resolveDate, ["options", date]);
export const zoneAt = checked("zoneAt", host.zoneAt, ["timeZone", text], ["atMs", time]);
export const formatNumber = checked("formatNumber", host.formatNumber, ["value", text], ["options", number]);
export const numberParts = checked("numberParts", host.numberParts, ["value", text], ["options", number]);
export const resolveNumber = checked("resolveNumber", host.resolveNumber, ["options", number]);
export const selectPlural = checked("selectPlural", host.selectPlural, ["value", text], ["options", plural]);
export const pluralCategories = checked("pluralCategories", host.pluralCategories, ["options", plural]);
export const formatRelative = checked("formatRelative", host.formatRelative, ["value", text], ["of", relativeUnit], ["options", relative]);
export const relativeParts = checked("relativeParts", host.relativeParts, ["value", text], ["of", relativeUnit], ["options", relative]);
export const formatList = checked("formatList", host.formatList, ["items", texts], ["options", list]);
export const listParts = checked("listParts", host.listParts, ["items", texts], ["options", list]);
export const compare = checked("compare", host.compare, ["one", text], ["other", text], ["options", collation]);
export const sort = checked("sort", host.sort, ["items", texts], ["options", collation]);
export const displayName = checked("displayName", host.displayName, ["code", text], ["options", names]);
export const changeCase = checked("changeCase", host.changeCase, ["text", text], ["to", one("uppercase", "lowercase")], ["locales", texts]);
export const canonicalLocales = checked("canonicalLocales", host.canonicalLocales, ["locales", texts]);
export const supportedLocales = checked("supportedLocales", host.supportedLocales, ["locales", texts]);
export const supportedValues = checked("supportedValues", host.supportedValues, ["kind", one("currency", "numbering-system", "time-zone", "unit")]);

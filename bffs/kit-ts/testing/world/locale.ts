/**
 * The double of `tailor:bff/locale`: Node's own `Intl`, which has the same data (CLDR), perhaps of
 * another release. What the host refuses is refused here, too.
 */
import type * as contract from "tailor:bff/locale@0.1.1";
import type { CollationOptions, DateOptions, Digits, LocaleError, NumberOptions, Part, PartKind, PluralCategory } from "tailor:bff/locale@0.1.1";
import { world } from "./state.ts";

/** Node's, before the one of the kit takes its place. */
const NodeIntl = globalThis.Intl;
const { toLocaleUpperCase, toLocaleLowerCase } = String.prototype;
/** Out of reach while a handler runs. */
const byteLength = Buffer.byteLength;

const MAX_TEXT = 65_536;
const MAX_TEXTS = 1_000;
const MAX_LOCALES = 16;
const CATEGORIES: readonly PluralCategory[] = ["zero", "one", "two", "few", "many", "other"];
/** The units of two units that the host has texts of; it has all others that `Intl` has. */
const PER = ["kilometer-per-hour", "liter-per-kilometer", "meter-per-second", "mile-per-gallon", "mile-per-hour"];

function refuse(kind: LocaleError["kind"], detail: string): never {
  const payload: LocaleError = { kind, detail };
  throw Object.assign(new Error(detail), { payload });
}

/** Runs `use` in a request. What Node refuses is a name that does not exist. */
function answer<T>(locales: readonly string[], use: () => T): T {
  world();
  if (locales.length > MAX_LOCALES) refuse("too-large", `${locales.length} locales are more than ${MAX_LOCALES}; name fewer`);
  try {
    return use();
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return refuse("range-error", thrown.message);
  }
}

function bounded(texts: readonly string[]): void {
  if (texts.length > MAX_TEXTS) refuse("too-large", `${texts.length} texts are more than ${MAX_TEXTS}; pass fewer at once`);
  const size = texts.reduce((sum, text) => sum + byteLength(text), 0);
  if (size > MAX_TEXT) refuse("too-large", `${size} bytes of text are more than ${MAX_TEXT}; pass less at once`);
}

/** Locales as Node takes them, with the host's default. */
function tags(locales: readonly string[]): string[] {
  return [...locales, "en-US"];
}

/** Members that are set, with the names of values that `Intl` has. */
function options(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const set = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(set.map(([name, value]) => [name, typeof value === "string" && CODED.has(name) ? coded(value) : value]));
}

/** Options whose values have other names in the contract. */
const CODED = new Set(["year", "month", "day", "hour", "minute", "second", "timeZoneName", "currencyDisplay", "signDisplay", "roundingMode"]);

function coded(value: string): string {
  return value === "two-digit" ? "2-digit" : value.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function kindOf(type: string): PartKind {
  if (type === "percentSign" || type === "plusSign" || type === "minusSign") return type.replace("S", "-s") as PartKind;
  return type.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) as PartKind;
}

function parts(found: readonly { readonly type: string; readonly value: string }[]): Part[] {
  return found.map(({ type, value }) => ({ kind: kindOf(type), text: value }));
}

function joined(found: readonly Part[]): string {
  return found.map(({ text }) => text).join("");
}

function dates({ locales, hour12, hourCycle, ...others }: DateOptions): Intl.DateTimeFormat {
  if (hourCycle === "h24" && typeof hour12 !== "boolean") refuse("unsupported", "hour cycle `h24`: the host has no hour 24; use `h23`");
  const calendar = locales.map((tag) => /-u-.*\bca-([a-z0-9]+)/i.exec(tag)?.[1]).find((name) => name !== undefined);
  if (calendar !== undefined && !["gregory", "iso8601"].includes(calendar.toLowerCase())) {
    refuse("unsupported", `calendar \`${calendar}\`: the host writes dates of the Gregorian calendar alone; leave out \`ca\``);
  }
  const timed = others.hour ?? others.dayPeriod ?? null;
  const small = others.minute ?? others.second ?? others.fractionalSecondDigits ?? null;
  const beside = others.weekday ?? others.era ?? others.year ?? others.month ?? others.day ?? others.timeZoneName ?? null;
  if (timed === null && small !== null && beside !== null) {
    refuse("unsupported", "minutes or seconds without hours beside a date or a zone: set `hour`, too");
  }
  return new NodeIntl.DateTimeFormat(tags(locales), options({ ...others, hour12, hourCycle, calendar: "gregory" }));
}

export const formatDate: typeof contract.formatDate = (atMs, given) => answer(given.locales, () => dates(given).format(atMs));

export const dateParts: typeof contract.dateParts = (atMs, given) => answer(given.locales, () => parts(dates(given).formatToParts(atMs)));

export const resolveDate: typeof contract.resolveDate = (given) =>
  answer(given.locales, () => {
    const found = dates(given).resolvedOptions() as unknown as Record<string, unknown>;
    const named = Object.entries(found).map(([name, value]) => [name, typeof value === "string" && CODED.has(name) ? contractName(value) : value]);
    const { locale, calendar: _, ...others } = Object.fromEntries(named) as Record<string, unknown>;
    return { ...(others as unknown as DateOptions), locales: [String(locale).replace(/-u-.*/, "")] };
  });

function contractName(value: string): string {
  return value === "2-digit" ? "two-digit" : value.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const DAY_MS = 86_400_000;

/** What local time is ahead of UTC, seconds. */
function offsetOf(timeZone: string, atMs: number): number {
  const fields = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const format = new NodeIntl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", era: "short", ...fields });
  const found = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const year = found["era"] === "BC" ? 1 - Number(found["year"]) : Number(found["year"]);
  const local = new Date(0);
  local.setUTCFullYear(year, Number(found["month"]) - 1, Number(found["day"]));
  local.setUTCHours(Number(found["hour"]), Number(found["minute"]), Number(found["second"]));
  return Math.round((local.getTime() - Math.floor(atMs / 1000) * 1000) / 1000);
}

/** When a local day begins, which may be later than at midnight. */
function beginOf(timeZone: string, day: number): number {
  const midnight = day * DAY_MS;
  const offsets = [midnight - DAY_MS, midnight + DAY_MS].map((at) => offsetOf(timeZone, at));
  const begins = offsets.map((offset) => midnight - offset * 1000);
  const fits = begins.filter((at) => Math.floor((at + offsetOf(timeZone, at) * 1000) / DAY_MS) === day);
  return fits.length === 0 ? Math.max(...begins) : Math.min(...fits);
}

export const zoneAt: typeof contract.zoneAt = (timeZone, atMs) =>
  answer([], () => {
    const name = new NodeIntl.DateTimeFormat("en-US", { timeZone }).resolvedOptions().timeZone;
    const offsetS = offsetOf(timeZone, atMs);
    const day = Math.floor((atMs + offsetS * 1000) / DAY_MS);
    const today = new Date(day * DAY_MS).toISOString().slice(0, 10);
    return { name, offsetS, today, dayBeginsMs: beginOf(timeZone, day), dayEndsMs: beginOf(timeZone, day + 1) };
  });

function digits(given: Digits): Record<string, unknown> {
  return {
    minimumIntegerDigits: given.minimumInteger,
    minimumFractionDigits: given.minimumFraction,
    maximumFractionDigits: given.maximumFraction,
    minimumSignificantDigits: given.minimumSignificant,
    maximumSignificantDigits: given.maximumSignificant,
    roundingMode: given.rounding,
    trailingZeroDisplay: given.stripIfInteger ? "stripIfInteger" : "auto",
  };
}

function numbers(given: NumberOptions): Intl.NumberFormat {
  const { locales, style, currency, currencyDisplay, accounting, unit, unitDisplay, notation, grouping, sign, numberingSystem } = given;
  if (style === "unit" && typeof unit === "string" && unit.includes("-per-") && !PER.includes(unit)) {
    new NodeIntl.NumberFormat("en", { style, unit });
    refuse("unsupported", `unit \`${unit}\`: the host has no texts of it; format the number alone and write the unit yourself`);
  }
  const isCompact = notation !== "standard";
  const chosen = {
    style,
    currency,
    currencyDisplay,
    currencySign: accounting ? "accounting" : "standard",
    unit,
    unitDisplay,
    notation: isCompact ? "compact" : "standard",
    compactDisplay: notation === "compact-long" ? "long" : "short",
    ...digits(given.digits),
    useGrouping: grouping === "never" ? false : grouping,
    signDisplay: sign,
    numberingSystem,
  };
  return new NodeIntl.NumberFormat(tags(locales), options(chosen));
}

export const formatNumber: typeof contract.formatNumber = (value, given) => answer(given.locales, () => numbers(given).format(numeral(value)));

export const numberParts: typeof contract.numberParts = (value, given) =>
  answer(given.locales, () => parts(numbers(given).formatToParts(numeral(value))));

/** Node takes numbers as texts, and keeps all of their digits; the types of its library do not say so. */
function numeral(value: string): number {
  if (Number.isNaN(Number(value)) && value !== "NaN") refuse("range-error", `number \`${value}\`: not one`);
  return value as unknown as number;
}

export const resolveNumber: typeof contract.resolveNumber = (given) =>
  answer(given.locales, () => {
    const found = numbers(given).resolvedOptions() as unknown as Record<string, unknown>;
    const number = (name: string): number | null => (typeof found[name] === "number" ? found[name] : null);
    return {
      ...given,
      locales: [String(found["locale"]).replace(/-u-.*/, "")],
      currencyDisplay: given.style === "currency" ? (given.currencyDisplay ?? "symbol") : null,
      unitDisplay: given.style === "unit" ? (given.unitDisplay ?? "short") : null,
      digits: {
        minimumInteger: number("minimumIntegerDigits"),
        minimumFraction: number("minimumFractionDigits"),
        maximumFraction: number("maximumFractionDigits"),
        minimumSignificant: number("minimumSignificantDigits"),
        maximumSignificant: number("maximumSignificantDigits"),
        rounding: given.digits.rounding ?? "half-expand",
        stripIfInteger: given.digits.stripIfInteger,
      },
      grouping: given.grouping ?? (given.notation === "standard" ? "auto" : "min2"),
      sign: given.sign ?? "auto",
      numberingSystem: String(found["numberingSystem"]),
    };
  });

function plurals(given: contract.PluralOptions): Intl.PluralRules {
  return new NodeIntl.PluralRules(tags(given.locales), options({ type: given.ordinal ? "ordinal" : "cardinal", ...digits(given.digits) }));
}

export const selectPlural: typeof contract.selectPlural = (value, given) => answer(given.locales, () => plurals(given).select(Number(numeral(value))));

export const pluralCategories: typeof contract.pluralCategories = (given) =>
  answer(given.locales, () => {
    const found = plurals(given).resolvedOptions().pluralCategories;
    return CATEGORIES.filter((category) => found.includes(category));
  });

function relative({ locales, width, words, numberingSystem }: contract.RelativeOptions): Intl.RelativeTimeFormat {
  return new NodeIntl.RelativeTimeFormat(tags(locales), options({ style: width, numeric: words ? "auto" : "always", numberingSystem }));
}

export const formatRelative: typeof contract.formatRelative = (value, of, given) =>
  answer(given.locales, () => relative(given).format(Number(numeral(value)), of));

export const relativeParts: typeof contract.relativeParts = (value, of, given) =>
  answer(given.locales, () => parts(relative(given).formatToParts(Number(numeral(value)), of)));

export const formatList: typeof contract.formatList = (items, given) => joined(listParts(items, given));

export const listParts: typeof contract.listParts = (items, given) =>
  answer(given.locales, () => {
    bounded(items);
    return parts(new NodeIntl.ListFormat(tags(given.locales), { type: given.kind, style: given.width }).formatToParts(items));
  });

function collator({ locales, sensitivity, numeric, caseFirst, ignorePunctuation }: CollationOptions): Intl.Collator {
  return new NodeIntl.Collator(tags(locales), options({ sensitivity, numeric, caseFirst: caseFirst?.replace("-first", ""), ignorePunctuation }));
}

export const compare: typeof contract.compare = (one, other, given) =>
  answer(given.locales, () => {
    bounded([one, other]);
    return Math.sign(collator(given).compare(one, other));
  });

export const sort: typeof contract.sort = (items, given) =>
  answer(given.locales, () => {
    bounded(items);
    const order = collator(given);
    return items.map((_, place) => place).sort((one, other) => order.compare(items[one] ?? "", items[other] ?? ""));
  });

export const displayName: typeof contract.displayName = (code, { locales, kind, width, dialect }) =>
  answer(locales, () => {
    const languageDisplay = dialect ? "dialect" : "standard";
    return new NodeIntl.DisplayNames(tags(locales), { type: kind, style: width, fallback: "none", languageDisplay }).of(code) ?? null;
  });

export const changeCase: typeof contract.changeCase = (text, to, locales) =>
  answer(locales, () => {
    bounded([text]);
    return Reflect.apply(to === "uppercase" ? toLocaleUpperCase : toLocaleLowerCase, text, [tags(locales)]);
  });

export const canonicalLocales: typeof contract.canonicalLocales = (locales) => answer(locales, () => NodeIntl.getCanonicalLocales(locales));

export const supportedLocales: typeof contract.supportedLocales = (locales) =>
  answer(locales, () => NodeIntl.DateTimeFormat.supportedLocalesOf(locales));

export const supportedValues: typeof contract.supportedValues = (kind) => {
  world();
  return NodeIntl.supportedValuesOf(coded(kind) as "currency" | "numberingSystem" | "timeZone" | "unit");
};

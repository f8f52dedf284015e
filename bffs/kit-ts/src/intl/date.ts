/** `Intl.DateTimeFormat`, by the host. */
import { dateParts, formatDate, resolveDate, zoneAt } from "tailor:bff/locale@0.1.1";
import type { DateOptions, DigitWidth, MonthFormat, ZoneName } from "tailor:bff/locale@0.1.1";
import { EngineDate } from "../globals.ts";
import { isModuleLevel } from "../module-level.ts";
import { nowMs } from "../host.ts";
import { ask, cannot, DEFAULT_ZONE } from "./ask.ts";
import { supportedLocalesOf } from "./locales.ts";
import { callable, camel, choice, flag, kebab, localesOrDefault, numberOption, optionsOf, present, textOption, type Given } from "./options.ts";

/** The fields that are written where an author names none. */
export type Usual = "date" | "time" | "all";

const WIDTHS = ["long", "short", "narrow"] as const;
const STYLES = ["full", "long", "medium", "short"] as const;
const CYCLES = ["h11", "h12", "h23", "h24"] as const;
const DIGITS = ["numeric", "2-digit"] as const;
const ZONES = ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"] as const;
const FIELDS = ["weekday", "year", "month", "day", "dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"] as const;
const DATE_FIELDS = FIELDS.slice(0, 4);
const TIME_FIELDS = FIELDS.slice(4);

/** Options of `Intl` as the contract has them. */
export function dateOptions(locales: unknown, given: unknown, needed: Usual | "any", usual: Usual): DateOptions {
  const options = optionsOf(given);
  const calendar = textOption(options, "calendar", /^[a-z0-9]{3,8}(-[a-z0-9]{3,8})*$/i);
  if (calendar !== undefined && !["gregory", "iso8601"].includes(calendar.toLowerCase())) {
    cannot(`Intl.DateTimeFormat with the calendar ${calendar}`, "leave it out: dates are those of the Gregorian calendar");
  }
  const chosen: DateOptions = {
    locales: localesOrDefault(locales),
    timeZone: options["timeZone"] === undefined ? DEFAULT_ZONE : String(options["timeZone"]).toWellFormed(),
    dateStyle: choice(options, "dateStyle", STYLES) ?? null,
    timeStyle: choice(options, "timeStyle", STYLES) ?? null,
    weekday: choice(options, "weekday", WIDTHS) ?? null,
    era: choice(options, "era", WIDTHS) ?? null,
    year: digits(choice(options, "year", DIGITS)),
    month: digits(choice(options, "month", [...DIGITS, ...WIDTHS])),
    day: digits(choice(options, "day", DIGITS)),
    dayPeriod: choice(options, "dayPeriod", WIDTHS) ?? null,
    hour: digits(choice(options, "hour", DIGITS)),
    minute: digits(choice(options, "minute", DIGITS)),
    second: digits(choice(options, "second", DIGITS)),
    fractionalSecondDigits: numberOption(options, "fractionalSecondDigits", 1, 3) ?? null,
    timeZoneName: zoneName(choice(options, "timeZoneName", ZONES)),
    hour12: flag(options, "hour12") ?? null,
    hourCycle: choice(options, "hourCycle", CYCLES) ?? null,
    numberingSystem: textOption(options, "numberingSystem", /^[a-z0-9]{3,8}$/i) ?? null,
  };
  return withUsual(chosen, options, needed, usual);
}

function digits<T extends string>(width: T | undefined): Exclude<T, "2-digit"> | (T extends "2-digit" ? "two-digit" : never) | null {
  if (width === undefined) return null;
  return (width === "2-digit" ? "two-digit" : width) as Exclude<T, "2-digit">;
}

function zoneName(name: string | undefined): ZoneName | null {
  return name === undefined ? null : (kebab(name) as ZoneName);
}

/** The usual fields where none is named, as ECMA-402 has it. */
function withUsual(chosen: DateOptions, options: Given, needed: Usual | "any", usual: Usual): DateOptions {
  const styled = options["dateStyle"] !== undefined || options["timeStyle"] !== undefined;
  const looked = needed === "date" ? DATE_FIELDS : needed === "time" ? TIME_FIELDS : FIELDS;
  if (styled) {
    if (needed === "date" && options["timeStyle"] !== undefined) throw new TypeError("toLocaleDateString: timeStyle is not for dates");
    if (needed === "time" && options["dateStyle"] !== undefined) throw new TypeError("toLocaleTimeString: dateStyle is not for times");
    const single = [...FIELDS, "era", "timeZoneName"].find((name) => options[name] !== undefined);
    if (single === undefined) return chosen;
    throw new TypeError(`Intl.DateTimeFormat: ${single} cannot be set beside dateStyle or timeStyle`);
  }
  if (looked.some((name) => options[name] !== undefined)) return chosen;
  const date = usual === "time" ? {} : ({ year: "numeric", month: "numeric", day: "numeric" } as const);
  const time = usual === "date" ? {} : ({ hour: "numeric", minute: "numeric", second: "numeric" } as const);
  return { ...chosen, ...date, ...time };
}

/** The time of what `format` gets: a date, a number, or now. */
function timeOf(name: string, given: unknown): number {
  const time = given === undefined ? ask(name, nowMs) : Number(given);
  // As `Date` has it: whole, and not past the end of its range.
  const whole = new EngineDate(time).getTime();
  if (Number.isNaN(whole)) throw new RangeError(`${name}: the date is not valid`);
  return whole;
}

class DateTimeFormat {
  readonly #options: DateOptions;
  #format: ((date?: Date | number) => string) | undefined;

  constructor(locales?: unknown, options?: unknown) {
    this.#options = dateOptions(locales, options, "any", "date");
    // Whether there is such a zone, packages ask by making one. At module level it turns out later.
    const { timeZone } = this.#options;
    if (timeZone !== DEFAULT_ZONE && !isModuleLevel()) ask("Intl.DateTimeFormat", () => zoneAt(timeZone, 0));
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.DateTimeFormat.supportedLocalesOf", locales);
  }

  get format(): (date?: Date | number) => string {
    return (this.#format ??= (date) => {
      const time = timeOf("Intl.DateTimeFormat.format", date);
      return ask("Intl.DateTimeFormat.format", () => formatDate(time, this.#options));
    });
  }

  formatToParts(date?: Date | number): { readonly type: string; readonly value: string }[] {
    const time = timeOf("Intl.DateTimeFormat.formatToParts", date);
    const parts = ask("Intl.DateTimeFormat.formatToParts", () => dateParts(time, this.#options));
    return parts.map(({ kind, text }) => ({ type: camel(kind), value: text }));
  }

  formatRange(): never {
    return cannot("Intl.DateTimeFormat.formatRange", "format both dates and join them");
  }

  formatRangeToParts(): never {
    return cannot("Intl.DateTimeFormat.formatRangeToParts", "format both dates and join them");
  }

  resolvedOptions(): object {
    const { locales, numberingSystem, timeZone, timeZoneName, hourCycle, hour12, ...fields } = ask("Intl.DateTimeFormat.resolvedOptions", () =>
      resolveDate(this.#options),
    );
    const { year, month, day, hour, minute, second, ...others } = fields;
    return present({
      locale: locales[0],
      calendar: "gregory",
      numberingSystem,
      timeZone,
      hourCycle,
      hour12,
      ...others,
      year: shown(year),
      month: shown(month),
      day: shown(day),
      hour: shown(hour),
      minute: shown(minute),
      second: shown(second),
      timeZoneName: typeof timeZoneName === "string" ? camel(timeZoneName) : undefined,
    });
  }

  get [Symbol.toStringTag](): string {
    return "Intl.DateTimeFormat";
  }
}

function shown(width: DigitWidth | MonthFormat | null | undefined): string | null | undefined {
  return width === "two-digit" ? "2-digit" : width;
}

const Callable = callable(DateTimeFormat);
export { Callable as DateTimeFormat };

/** `toLocaleString` and its like of dates. */
export function localeDate(name: string, date: unknown, locales: unknown, options: unknown, needed: Usual | "any", usual: Usual): string {
  if (!(date instanceof EngineDate)) throw new TypeError(`${name}: it is called on something else than a date`);
  const time = date.getTime();
  if (Number.isNaN(time)) return "Invalid Date";
  const chosen = dateOptions(locales, options, needed, usual);
  return ask(name, () => formatDate(time, chosen));
}

/**
 * `Intl`, and the methods of the language that depend on a locale. The engine has no locales; the
 * host has, and the same for every language that BFFs are written in.
 *
 * A component has no user: without a locale it is American English, and without a time zone UTC.
 */
import { cannot } from "./intl/ask.ts";
import { DateTimeFormat, localeDate } from "./intl/date.ts";
import { getCanonicalLocales, Locale, supportedValuesOf } from "./intl/locales.ts";
import { localeNumber, NumberFormat, PluralRules } from "./intl/number.ts";
import { Collator, DisplayNames, ListFormat, localeCase, localeCompare, RelativeTimeFormat } from "./intl/texts.ts";

function Segmenter(): never {
  return cannot("Intl.Segmenter", "split texts with Array.from, or at the spaces");
}

function DurationFormat(): never {
  return cannot("Intl.DurationFormat", "format each unit with Intl.NumberFormat and join them with Intl.ListFormat");
}

/** The object of this name. */
export const hostIntl: object = Object.defineProperty(
  hidden({
    Collator,
    DateTimeFormat,
    DisplayNames,
    DurationFormat,
    ListFormat,
    Locale,
    NumberFormat,
    PluralRules,
    RelativeTimeFormat,
    Segmenter,
    getCanonicalLocales,
    supportedValuesOf,
  }),
  Symbol.toStringTag,
  { value: "Intl", configurable: true },
);

function hidden(members: object): object {
  const entries = Object.entries(members).map(([name, value]) => [name, { value: value as unknown, writable: true, configurable: true }]);
  return Object.defineProperties({}, Object.fromEntries(entries) as PropertyDescriptorMap);
}

/** The methods that depend on a locale, with the prototypes that have them. */
function methods(): readonly (readonly [prototype: object, name: string, value: (this: never, ...given: unknown[]) => unknown])[] {
  // What the engine does without a locale is right for most languages.
  const { toUpperCase, toLowerCase } = String.prototype;
  return [
    [Date.prototype, "toLocaleString", function (this: Date, ...[locales, options]) {
      return localeDate("toLocaleString", this, locales, options, "any", "all");
    }],
    [Date.prototype, "toLocaleDateString", function (this: Date, ...[locales, options]) {
      return localeDate("toLocaleDateString", this, locales, options, "date", "date");
    }],
    [Date.prototype, "toLocaleTimeString", function (this: Date, ...[locales, options]) {
      return localeDate("toLocaleTimeString", this, locales, options, "time", "time");
    }],
    [Number.prototype, "toLocaleString", function (this: number, ...[locales, options]) {
      return localeNumber("toLocaleString", this, locales, options);
    }],
    [BigInt.prototype, "toLocaleString", function (this: bigint, ...[locales, options]) {
      return localeNumber("toLocaleString", BigInt(this), locales, options);
    }],
    [Array.prototype, "toLocaleString", function (this: readonly unknown[], ...given) {
      return this.map((item) => (item === null || item === undefined ? "" : (item as { toLocaleString(...given: unknown[]): string }).toLocaleString(...given))).join(",");
    }],
    [String.prototype, "localeCompare", function (this: string, ...[other, locales, options]) {
      return localeCompare(this, other, locales, options);
    }],
    [String.prototype, "toLocaleUpperCase", function (this: string, ...[locales]) {
      return localeCase("toLocaleUpperCase", String(this), "uppercase", locales, () => Reflect.apply(toUpperCase, this, []));
    }],
    [String.prototype, "toLocaleLowerCase", function (this: string, ...[locales]) {
      return localeCase("toLocaleLowerCase", String(this), "lowercase", locales, () => Reflect.apply(toLowerCase, this, []));
    }],
  ];
}

/** Puts the methods of the host into the place of the engine's, until the returned function is called. */
export function hostLocales(): () => void {
  const undo = methods().map(([prototype, name, value]) => {
    const before = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
    Object.defineProperty(value, "name", { value: name, configurable: true });
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
    return () => Object.defineProperty(prototype, name, before);
  });
  return () => {
    for (const each of undo) each();
  };
}

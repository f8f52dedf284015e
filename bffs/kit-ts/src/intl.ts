/**
 * `Intl`. The engine has no locales; the host has, and the same for every language that BFFs are
 * written in.
 *
 * A component has no user: without a locale it is American English, and without a time zone UTC.
 */
import { cannot } from "./intl/ask.ts";
import { DateTimeFormat } from "./intl/date.ts";
import { getCanonicalLocales, Locale, supportedValuesOf } from "./intl/locales.ts";
import { NumberFormat, PluralRules } from "./intl/number.ts";
import { Collator, DisplayNames, ListFormat, RelativeTimeFormat } from "./intl/texts.ts";

function Segmenter(): never {
  return cannot("Intl.Segmenter", "split texts with Array.from, or at the spaces");
}

function DurationFormat(): never {
  return cannot("Intl.DurationFormat", "format each unit with Intl.NumberFormat and join them with Intl.ListFormat");
}

/** The object of this name. */
export const Intl: object = Object.defineProperty(
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

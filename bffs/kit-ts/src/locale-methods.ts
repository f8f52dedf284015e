/**
 * The methods of the language that depend on a locale, by their names. A component has those that
 * its bundle names, as it has the globals of the web (`tools/prelude.mjs`).
 */
import { localeDate } from "./intl/date.ts";
import { localeNumber } from "./intl/number.ts";
import { localeCase, localeCompare as compare } from "./intl/texts.ts";

/** A method by its name, with all prototypes that have one. */
export type LocaleMethod = readonly (readonly [prototype: object, name: string, value: (this: never, ...given: unknown[]) => unknown])[];

// What the engine does without a locale is right for most languages.
const { toUpperCase, toLowerCase } = String.prototype;

const toLocaleString: LocaleMethod = [
  [Date.prototype, "toLocaleString", function (this: Date, ...[locales, options]) {
    return localeDate("toLocaleString", this, locales, options, "any", "all");
  }],
  [Number.prototype, "toLocaleString", function (this: number, ...[locales, options]) {
    return localeNumber("toLocaleString", this, locales, options);
  }],
  [BigInt.prototype, "toLocaleString", function (this: bigint, ...[locales, options]) {
    return localeNumber("toLocaleString", BigInt(this), locales, options);
  }],
  [Array.prototype, "toLocaleString", joined],
  [Object.getPrototypeOf(Uint8Array.prototype) as object, "toLocaleString", joined],
];

function joined(this: Iterable<unknown>, ...given: unknown[]): string {
  const text = (item: unknown): string => (item as { toLocaleString(...given: unknown[]): string }).toLocaleString(...given);
  return Array.from(this, (item) => (item === null || item === undefined ? "" : text(item))).join(",");
}

const toLocaleDateString: LocaleMethod = [
  [Date.prototype, "toLocaleDateString", function (this: Date, ...[locales, options]) {
    return localeDate("toLocaleDateString", this, locales, options, "date", "date");
  }],
];

const toLocaleTimeString: LocaleMethod = [
  [Date.prototype, "toLocaleTimeString", function (this: Date, ...[locales, options]) {
    return localeDate("toLocaleTimeString", this, locales, options, "time", "time");
  }],
];

const localeCompare: LocaleMethod = [
  [String.prototype, "localeCompare", function (this: string, ...[other, locales, options]) {
    return compare(this, other, locales, options);
  }],
];

const toLocaleUpperCase: LocaleMethod = [
  [String.prototype, "toLocaleUpperCase", function (this: string, ...[locales]) {
    return localeCase("toLocaleUpperCase", String(this), "uppercase", locales, () => Reflect.apply(toUpperCase, this, []));
  }],
];

const toLocaleLowerCase: LocaleMethod = [
  [String.prototype, "toLocaleLowerCase", function (this: string, ...[locales]) {
    return localeCase("toLocaleLowerCase", String(this), "lowercase", locales, () => Reflect.apply(toLowerCase, this, []));
  }],
];

export { localeCompare, toLocaleDateString, toLocaleLowerCase, toLocaleString, toLocaleTimeString, toLocaleUpperCase };

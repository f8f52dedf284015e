/** `Intl.NumberFormat` and `Intl.PluralRules`, by the host. */
import { formatNumber, numberParts, pluralCategories, resolveNumber, selectPlural } from "tailor:bff/locale@0.1.1";
import type { CurrencyDisplay, Digits, Grouping, NumberOptions, Part, PluralCategory, PluralOptions, RoundingMode, SignDisplay } from "tailor:bff/locale@0.1.1";
import { ask, cannot } from "./ask.ts";
import { chosenOf, supportedLocalesOf } from "./locales.ts";
import { callable, camel, choice, kebab, localesOrDefault, numberOption, optionsOf, present, textOption, type Given } from "./options.ts";

const WIDTHS = ["long", "short", "narrow"] as const;
const GROUPINGS = ["auto", "always", "min2"] as const;
const ROUNDING = ["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"] as const;

/** The digits that options ask for. */
export function digitsOf(options: Given): Digits {
  const increment = numberOption(options, "roundingIncrement", 1, 5000);
  if (increment !== undefined && increment !== 1) cannot("Intl.NumberFormat with roundingIncrement", "round the number before you format it");
  const priority = choice(options, "roundingPriority", ["auto", "morePrecision", "lessPrecision"]);
  if (priority !== undefined && priority !== "auto") cannot("Intl.NumberFormat with roundingPriority", "set digits of the fraction or significant ones");
  const rounding = choice(options, "roundingMode", ROUNDING);
  const chosen = {
    minimumInteger: numberOption(options, "minimumIntegerDigits", 1, 21) ?? null,
    minimumFraction: numberOption(options, "minimumFractionDigits", 0, 100) ?? null,
    maximumFraction: numberOption(options, "maximumFractionDigits", 0, 100) ?? null,
    minimumSignificant: numberOption(options, "minimumSignificantDigits", 1, 21) ?? null,
    maximumSignificant: numberOption(options, "maximumSignificantDigits", 1, 21) ?? null,
    rounding: rounding === undefined ? null : (kebab(rounding) as RoundingMode),
    stripIfInteger: choice(options, "trailingZeroDisplay", ["auto", "stripIfInteger"]) === "stripIfInteger",
  };
  ordered("FractionDigits", chosen.minimumFraction, chosen.maximumFraction);
  ordered("SignificantDigits", chosen.minimumSignificant, chosen.maximumSignificant);
  return chosen;
}

function ordered(what: string, least: number | null, most: number | null): void {
  if (least === null || most === null || least <= most) return;
  throw new RangeError(`Intl: minimum${what} ${least} is larger than maximum${what} ${most}`);
}

/** Options of `Intl` as the contract has them. */
export function numberOptions(locales: unknown, given: unknown): NumberOptions {
  const options = optionsOf(given);
  const style = choice(options, "style", ["decimal", "percent", "currency", "unit"]) ?? "decimal";
  const currency = textOption(options, "currency", /^[a-z]{3}$/i);
  if (style === "currency" && currency === undefined) throw new TypeError("Intl.NumberFormat: the style currency needs a currency");
  const unit = textOption(options, "unit", /^[a-z]+(-[a-z]+)*$/);
  if (style === "unit" && unit === undefined) throw new TypeError("Intl.NumberFormat: the style unit needs a unit");
  const display = choice(options, "currencyDisplay", ["symbol", "narrowSymbol", "code", "name"]);
  const notation = choice(options, "notation", ["standard", "scientific", "engineering", "compact"]) ?? "standard";
  if (notation === "scientific" || notation === "engineering") cannot(`Intl.NumberFormat with the notation ${notation}`, "use toExponential");
  const sign = choice(options, "signDisplay", ["auto", "always", "never", "exceptZero", "negative"]);
  return {
    locales: localesOrDefault(locales),
    style,
    currency: style === "currency" ? (currency ?? null) : null,
    currencyDisplay: display === undefined ? null : (kebab(display) as CurrencyDisplay),
    accounting: choice(options, "currencySign", ["standard", "accounting"]) === "accounting",
    unit: style === "unit" ? (unit ?? null) : null,
    unitDisplay: choice(options, "unitDisplay", WIDTHS) ?? null,
    notation: notation === "standard" ? "standard" : choice(options, "compactDisplay", ["short", "long"]) === "long" ? "compact-long" : "compact-short",
    digits: digitsOf(options),
    grouping: groupingOf(options),
    sign: sign === undefined ? null : (kebab(sign) as SignDisplay),
    numberingSystem: textOption(options, "numberingSystem", /^[a-z0-9]{3,8}$/i) ?? null,
  };
}

function groupingOf(options: Given): Grouping | null {
  const grouping = options["useGrouping"];
  if (grouping === undefined) return null;
  if (grouping === false || grouping === "false") return grouping === false ? "never" : null;
  if (grouping === true) return "always";
  return grouping === "true" ? null : (choice(options, "useGrouping", GROUPINGS) ?? null);
}

/** A number as the contract takes it. */
export function numberText(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  // A text keeps the digits that a number would lose.
  if (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value.trim())) return value.trim();
  const number = Number(value);
  return Object.is(number, -0) ? "-0" : String(number);
}

/** Parts as `Intl` has them. */
export function partsOf(parts: readonly Part[]): { type: string; value: string }[] {
  return parts.map(({ kind, text }) => ({ type: camel(kind), value: text }));
}

class NumberFormat {
  readonly #options: NumberOptions;
  #format: ((value: number | bigint | string) => string) | undefined;

  constructor(locales?: unknown, options?: unknown) {
    this.#options = numberOptions(locales, options);
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.NumberFormat.supportedLocalesOf", locales);
  }

  get format(): (value: number | bigint | string) => string {
    return (this.#format ??= (value) => ask("Intl.NumberFormat.format", () => formatNumber(numberText(value), this.#options)));
  }

  formatToParts(value: number | bigint | string): { type: string; value: string }[] {
    return partsOf(ask("Intl.NumberFormat.formatToParts", () => numberParts(numberText(value), this.#options)));
  }

  formatRange(): never {
    return cannot("Intl.NumberFormat.formatRange", "format both numbers and join them");
  }

  formatRangeToParts(): never {
    return cannot("Intl.NumberFormat.formatRangeToParts", "format both numbers and join them");
  }

  resolvedOptions(): object {
    const found = ask("Intl.NumberFormat.resolvedOptions", () => resolveNumber(this.#options));
    const isCompact = found.notation !== "standard";
    return present({
      locale: found.locales[0],
      numberingSystem: found.numberingSystem,
      style: found.style,
      currency: found.currency,
      currencyDisplay: named(found.currencyDisplay),
      currencySign: found.style !== "currency" ? undefined : found.accounting ? "accounting" : "standard",
      unit: found.unit,
      unitDisplay: found.unitDisplay,
      ...digitsShown(found.digits),
      useGrouping: found.grouping === "never" ? false : found.grouping,
      notation: isCompact ? "compact" : "standard",
      compactDisplay: isCompact ? found.notation.slice("compact-".length) : undefined,
      signDisplay: named(found.sign),
    });
  }

  get [Symbol.toStringTag](): string {
    return "Intl.NumberFormat";
  }
}

function named(name: string | null | undefined): string | undefined {
  return typeof name === "string" ? camel(name) : undefined;
}

function digitsShown(digits: Digits): object {
  const both = typeof digits.minimumSignificant === "number" && typeof digits.minimumFraction === "number";
  return {
    minimumIntegerDigits: digits.minimumInteger,
    minimumFractionDigits: digits.minimumFraction,
    maximumFractionDigits: digits.maximumFraction,
    minimumSignificantDigits: digits.minimumSignificant,
    maximumSignificantDigits: digits.maximumSignificant,
    roundingIncrement: 1,
    roundingMode: named(digits.rounding),
    roundingPriority: both ? "morePrecision" : "auto",
    trailingZeroDisplay: digits.stripIfInteger ? "stripIfInteger" : "auto",
  };
}

const Callable = callable(NumberFormat);
export { Callable as NumberFormat };

/** `toLocaleString` of numbers. */
export function localeNumber(name: string, value: unknown, locales: unknown, options: unknown): string {
  const chosen = numberOptions(locales, options);
  return ask(name, () => formatNumber(numberText(value), chosen));
}

export class PluralRules {
  readonly #options: PluralOptions;

  constructor(locales?: unknown, given?: unknown) {
    const options = optionsOf(given);
    this.#options = {
      locales: localesOrDefault(locales),
      ordinal: choice(options, "type", ["cardinal", "ordinal"]) === "ordinal",
      digits: digitsOf(options),
    };
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.PluralRules.supportedLocalesOf", locales);
  }

  select(value: number): PluralCategory {
    return ask("Intl.PluralRules.select", () => selectPlural(numberText(value), this.#options));
  }

  selectRange(): never {
    return cannot("Intl.PluralRules.selectRange", "select the form of the last number");
  }

  resolvedOptions(): object {
    const { locales, ordinal, digits } = this.#options;
    const name = "Intl.PluralRules.resolvedOptions";
    const found = ask(name, () => resolveNumber({ locales, style: "decimal", accounting: false, notation: "standard", digits }));
    return present({
      locale: chosenOf(name, locales),
      type: ordinal ? "ordinal" : "cardinal",
      ...digitsShown(found.digits),
      pluralCategories: ask(name, () => pluralCategories(this.#options)),
    });
  }

  get [Symbol.toStringTag](): string {
    return "Intl.PluralRules";
  }
}

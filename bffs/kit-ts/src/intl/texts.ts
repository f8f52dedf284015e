/** Relative time, lists, the order of texts and names of things, by the host. */
import { changeCase, compare, displayName, formatList, formatRelative, listParts, relativeParts } from "tailor:bff/locale@0.1.1";
import type { CollationOptions, ListOptions, NameOptions, RelativeOptions, RelativeUnit } from "tailor:bff/locale@0.1.1";
import { kindOf } from "../shape.ts";
import { ask, cannot, DEFAULT_LOCALE } from "./ask.ts";
import { chosenOf, supportedLocalesOf } from "./locales.ts";
import { numberText, partsOf } from "./number.ts";
import { callable, choice, flag, localesOf, localesOrDefault, optionsOf, present, textOption } from "./options.ts";

const WIDTHS = ["long", "short", "narrow"] as const;
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"] as const;

export class RelativeTimeFormat {
  readonly #options: RelativeOptions;

  constructor(locales?: unknown, given?: unknown) {
    const options = optionsOf(given);
    this.#options = {
      locales: localesOrDefault(locales),
      width: choice(options, "style", WIDTHS) ?? "long",
      words: choice(options, "numeric", ["always", "auto"]) === "auto",
      numberingSystem: textOption(options, "numberingSystem", /^[a-z0-9]{3,8}$/i) ?? null,
    };
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.RelativeTimeFormat.supportedLocalesOf", locales);
  }

  format(value: number, unit: string): string {
    const known = unitOf(unit);
    return ask("Intl.RelativeTimeFormat.format", () => formatRelative(numberText(value), known, this.#options));
  }

  formatToParts(value: number, unit: string): { type: string; value: string; unit?: string }[] {
    const known = unitOf(unit);
    const parts = ask("Intl.RelativeTimeFormat.formatToParts", () => relativeParts(numberText(value), known, this.#options));
    return partsOf(parts).map((part) => (part.type === "literal" ? part : { ...part, unit: known }));
  }

  resolvedOptions(): object {
    const { locales, width, words, numberingSystem } = this.#options;
    const locale = chosenOf("Intl.RelativeTimeFormat.resolvedOptions", locales);
    return { locale, style: width, numeric: words ? "auto" : "always", numberingSystem: numberingSystem ?? "latn" };
  }

  get [Symbol.toStringTag](): string {
    return "Intl.RelativeTimeFormat";
  }
}

function unitOf(unit: unknown): RelativeUnit {
  const text = String(unit);
  const found = UNITS.find((known) => text === known || text === `${known}s`);
  if (found === undefined) throw new RangeError(`Intl.RelativeTimeFormat: ${JSON.stringify(text)} is no unit of relative time`);
  return found;
}

export class ListFormat {
  readonly #options: ListOptions;

  constructor(locales?: unknown, given?: unknown) {
    const options = optionsOf(given);
    this.#options = {
      locales: localesOrDefault(locales),
      kind: choice(options, "type", ["conjunction", "disjunction", "unit"]) ?? "conjunction",
      width: choice(options, "style", WIDTHS) ?? "long",
    };
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.ListFormat.supportedLocalesOf", locales);
  }

  format(list: Iterable<string>): string {
    const items = textsOf(list);
    return ask("Intl.ListFormat.format", () => formatList(items, this.#options));
  }

  formatToParts(list: Iterable<string>): { type: string; value: string }[] {
    const items = textsOf(list);
    return partsOf(ask("Intl.ListFormat.formatToParts", () => listParts(items, this.#options)));
  }

  resolvedOptions(): object {
    const { locales, kind, width } = this.#options;
    return { locale: chosenOf("Intl.ListFormat.resolvedOptions", locales), type: kind, style: width };
  }

  get [Symbol.toStringTag](): string {
    return "Intl.ListFormat";
  }
}

function textsOf(list: Iterable<unknown>): string[] {
  return [...list].map((item) => {
    if (typeof item !== "string") throw new TypeError(`Intl.ListFormat: an item is ${kindOf(item)}, not a text`);
    return item.toWellFormed();
  });
}

/** Options of `Intl` as the contract has them. */
function collationOptions(locales: unknown, given: unknown): CollationOptions {
  const options = optionsOf(given);
  if (choice(options, "usage", ["sort", "search"]) === "search") cannot("Intl.Collator with the usage search", "compare with the sensitivity base");
  const first = choice(options, "caseFirst", ["upper", "lower", "false"]);
  return {
    locales: localesOrDefault(locales),
    sensitivity: choice(options, "sensitivity", ["base", "accent", "case", "variant"]) ?? "variant",
    numeric: flag(options, "numeric") ?? null,
    caseFirst: first === undefined || first === "false" ? null : `${first}-first`,
    ignorePunctuation: flag(options, "ignorePunctuation") ?? null,
  };
}

class Collator {
  readonly #options: CollationOptions;
  #compare: ((one: string, other: string) => number) | undefined;

  constructor(locales?: unknown, options?: unknown) {
    this.#options = collationOptions(locales, options);
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.Collator.supportedLocalesOf", locales);
  }

  get compare(): (one: string, other: string) => number {
    return (this.#compare ??= (one, other) => compareTexts("Intl.Collator.compare", one, other, this.#options));
  }

  resolvedOptions(): object {
    const { locales, sensitivity, numeric, caseFirst, ignorePunctuation } = this.#options;
    return present({
      locale: chosenOf("Intl.Collator.resolvedOptions", locales),
      usage: "sort",
      sensitivity,
      ignorePunctuation: ignorePunctuation ?? false,
      collation: "default",
      numeric: numeric ?? false,
      caseFirst: caseFirst?.replace("-first", "") ?? "false",
    });
  }

  get [Symbol.toStringTag](): string {
    return "Intl.Collator";
  }
}

const Callable = callable(Collator);
export { Callable as Collator };

function compareTexts(name: string, one: unknown, other: unknown, options: CollationOptions): number {
  const [left, right] = [String(one).toWellFormed(), String(other).toWellFormed()];
  // Equal texts are equal everywhere.
  return left === right ? 0 : ask(name, () => compare(left, right, options));
}

/** `localeCompare`. */
export function localeCompare(one: unknown, other: unknown, locales: unknown, options: unknown): number {
  return compareTexts("localeCompare", one, other, collationOptions(locales, options));
}

/** Languages whose upper and lower case the engine does not know. */
const OWN_CASE = /^(az|el|hy|lt|tr)\b/i;

/** `toLocaleUpperCase` and `toLocaleLowerCase`. `usual` is what most languages do. */
export function localeCase(name: string, text: string, to: "uppercase" | "lowercase", given: unknown, usual: () => string): string {
  const locales = localesOf(given);
  const [first = DEFAULT_LOCALE] = locales;
  return OWN_CASE.test(first) ? ask(name, () => changeCase(text.toWellFormed(), to, locales)) : usual();
}

export class DisplayNames {
  readonly #options: NameOptions;
  readonly #fallback: "code" | "none";

  constructor(locales: unknown, given: unknown) {
    const options = optionsOf(given);
    const kind = choice(options, "type", ["language", "region", "script", "currency", "calendar", "dateTimeField"]);
    if (kind === undefined) throw new TypeError("Intl.DisplayNames: the type is missing");
    if (kind === "calendar" || kind === "dateTimeField") cannot(`Intl.DisplayNames with the type ${kind}`, "write the names yourself");
    this.#options = {
      locales: localesOrDefault(locales),
      kind,
      width: choice(options, "style", WIDTHS) ?? "long",
      dialect: choice(options, "languageDisplay", ["dialect", "standard"]) !== "standard",
    };
    this.#fallback = choice(options, "fallback", ["code", "none"]) ?? "code";
  }

  static supportedLocalesOf(locales: unknown): string[] {
    return supportedLocalesOf("Intl.DisplayNames.supportedLocalesOf", locales);
  }

  of(code: string): string | undefined {
    const text = String(code).toWellFormed();
    const name = ask("Intl.DisplayNames.of", () => displayName(text, this.#options));
    return name ?? (this.#fallback === "code" ? text : undefined);
  }

  resolvedOptions(): object {
    const { locales, kind, width, dialect } = this.#options;
    return present({
      locale: chosenOf("Intl.DisplayNames.resolvedOptions", locales),
      style: width,
      type: kind,
      fallback: this.#fallback,
      languageDisplay: kind !== "language" ? undefined : dialect ? "dialect" : "standard",
    });
  }

  get [Symbol.toStringTag](): string {
    return "Intl.DisplayNames";
  }
}

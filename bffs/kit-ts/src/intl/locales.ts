/** Names of locales: `Intl.Locale`, and which ones the host has. */
import { canonicalLocales, supportedLocales, supportedValues } from "tailor:bff/locale@0.1.1";
import type { ValueKind } from "tailor:bff/locale@0.1.1";
import { ask, cannot, DEFAULT_LOCALE } from "./ask.ts";
import { kebab, localesOf, optionsOf, type Given } from "./options.ts";

/** Those of these locales that the host has. */
export function supportedLocalesOf(name: string, given: unknown): string[] {
  const locales = localesOf(given);
  return ask(name, () => supportedLocales(locales));
}

/** The locale that is taken of these, without its extensions. */
export function chosenOf(name: string, locales: readonly string[]): string {
  const [first = DEFAULT_LOCALE] = ask(name, () => supportedLocales(locales));
  return first.replace(/-[a-z0-9](-.*)?$/i, "");
}

export function getCanonicalLocales(given?: unknown): string[] {
  const locales = localesOf(given);
  return ask("Intl.getCanonicalLocales", () => canonicalLocales(locales));
}

const VALUES: Readonly<Record<string, readonly string[]>> = { calendar: ["gregory"], collation: ["default"] };

export function supportedValuesOf(key: unknown): string[] {
  const name = String(key);
  const ours = VALUES[name];
  if (ours !== undefined) return [...ours];
  if (!["currency", "numberingSystem", "timeZone", "unit"].includes(name)) throw new RangeError(`Intl.supportedValuesOf: ${name} is no key`);
  return ask("Intl.supportedValuesOf", () => supportedValues(kebab(name) as ValueKind));
}

const KEYWORDS = { calendar: "ca", caseFirst: "kf", collation: "co", hourCycle: "hc", numberingSystem: "nu" } as const;

/** A tag, taken apart. It is written as it should be, but an old name stays. */
export class Locale {
  readonly #base: readonly [language: string, script: string, region: string, more: string];
  readonly #keywords: ReadonlyMap<string, string>;

  constructor(tag?: unknown, options?: unknown) {
    if (typeof tag !== "string" && !(tag instanceof Locale)) throw new TypeError("Intl.Locale: the tag is not a text");
    const [text = ""] = localesOf(String(tag));
    const given = optionsOf(options);
    const [base = "", extension = ""] = text.split(/-u-/i);
    const parts = /^([a-z]+)(?:-([a-z]{4}))?(?:-([a-z]{2}|\d{3}))?((?:-[a-z0-9]{4,8})*)$/i.exec(base);
    if (parts === null) throw new RangeError(`Intl.Locale: ${JSON.stringify(text)} is not a tag of language, script and region`);
    const script = subtag(given, "script") ?? parts[2] ?? "";
    this.#base = [
      (subtag(given, "language") ?? parts[1] ?? "").toLowerCase(),
      script.slice(0, 1).toUpperCase() + script.slice(1).toLowerCase(),
      (subtag(given, "region") ?? parts[3] ?? "").toUpperCase(),
      (parts[4] ?? "").toLowerCase(),
    ];
    this.#keywords = keywordsOf(extension.toLowerCase(), given);
  }

  get language(): string {
    return this.#base[0];
  }
  get script(): string | undefined {
    return this.#base[1] === "" ? undefined : this.#base[1];
  }
  get region(): string | undefined {
    return this.#base[2] === "" ? undefined : this.#base[2];
  }
  get baseName(): string {
    const [language, script, region, more] = this.#base;
    return `${[language, script, region].filter((part) => part !== "").join("-")}${more}`;
  }
  get calendar(): string | undefined {
    return this.#keywords.get("ca");
  }
  get caseFirst(): string | undefined {
    return this.#keywords.get("kf");
  }
  get collation(): string | undefined {
    return this.#keywords.get("co");
  }
  get hourCycle(): string | undefined {
    return this.#keywords.get("hc");
  }
  get numberingSystem(): string | undefined {
    return this.#keywords.get("nu");
  }
  get numeric(): boolean {
    const numeric = this.#keywords.get("kn");
    return numeric === "" || numeric === "true";
  }

  maximize(): never {
    return cannot("Intl.Locale.maximize", "write the whole tag, such as de-Latn-DE");
  }
  minimize(): never {
    return cannot("Intl.Locale.minimize", "write the short tag, such as de");
  }

  toString(): string {
    const keywords = [...this.#keywords].sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, value]) => (value === "" ? key : `${key}-${value}`));
    return [this.baseName, ...(keywords.length === 0 ? [] : ["u", ...keywords])].join("-");
  }
  get [Symbol.toStringTag](): string {
    return "Intl.Locale";
  }
}

function subtag(given: Given, name: string): string | undefined {
  return given[name] === undefined ? undefined : String(given[name]);
}

function keywordsOf(extension: string, given: Given): Map<string, string> {
  const keywords = new Map<string, string>();
  let key = "";
  for (const part of extension === "" ? [] : extension.split("-")) {
    if (part.length === 2) keywords.set((key = part), "");
    else if (key !== "") keywords.set(key, [keywords.get(key), part].filter((each) => each !== "").join("-"));
  }
  for (const [name, short] of Object.entries(KEYWORDS)) {
    if (given[name] !== undefined) keywords.set(short, String(given[name]));
  }
  if (given["numeric"] !== undefined) keywords.set("kn", given["numeric"] === true ? "" : "false");
  return keywords;
}

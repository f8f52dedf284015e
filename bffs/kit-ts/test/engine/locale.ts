/**
 * A BFF that answers the cases of `tests/integration/golden/locale.json`: each is what is asked
 * for, a locale, options and a value, and is answered with its text.
 */
import { bff, json, post, readJson, type Decoder } from "../../src/index.ts";

/** One case, as the file has it. */
export type Case = readonly [what: string, locale: string, options: object, value: unknown, text: string];

const anything: Decoder<unknown> = (value) => value;

export const handler = bff([post("/", (request) => json((readJson(request, anything) as Case[]).map(answer)))]);

/** The text that `Intl` has for a case. */
export function answer([what, locale, options, value]: Case): string {
  switch (what) {
    case "date":
      return new Intl.DateTimeFormat(locale, options).format(value as number);
    case "number":
      return new Intl.NumberFormat(locale, options).format(value as number);
    case "relative":
      return new Intl.RelativeTimeFormat(locale, options).format(value as number, (options as { unit: Intl.RelativeTimeFormatUnit }).unit);
    case "list":
      return new Intl.ListFormat(locale, options).format(value as string[]);
    case "sorted-list": {
      const items = [...(value as string[])].sort(new Intl.Collator(locale, options).compare);
      return new Intl.ListFormat(locale, options).format(items);
    }
    case "plural":
      return new Intl.PluralRules(locale, options).select(value as number);
    case "sort":
      return [...(value as string[])].sort(new Intl.Collator(locale, options).compare).join(" | ");
    case "name":
      return new Intl.DisplayNames(locale, options as Intl.DisplayNamesOptions).of(value as string) ?? "";
    default:
      return (value as string).toLocaleUpperCase(locale);
  }
}

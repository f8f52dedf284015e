/**
 * Locales and options as `Intl` takes them. What is none is refused when an object is made, as in
 * every browser; whether there is such a time zone or currency, the host says.
 */
import { kindOf } from "../shape.ts";
import { DEFAULT_LOCALE } from "./ask.ts";

/** Options that nobody has looked at. */
export type Given = Readonly<Record<string, unknown>>;

const TAG = /^[a-z]{2,3}(?:-[a-z0-9]{1,8})*$|^[a-z]{5,8}(?:-[a-z0-9]{1,8})*$/i;

/** The list of locales that is given: one, several, or none. */
export function localesOf(given: unknown): readonly string[] {
  if (given === undefined) return [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map(tagOf);
}

/** The same, with the default where there is none. */
export function localesOrDefault(given: unknown): readonly string[] {
  const locales = localesOf(given);
  return locales.length === 0 ? [DEFAULT_LOCALE] : locales;
}

function tagOf(given: unknown): string {
  if (typeof given !== "string" && (typeof given !== "object" || given === null)) {
    throw new TypeError(`Intl: a locale is ${kindOf(given)}, not a text`);
  }
  const tag = String(given);
  if (!TAG.test(tag)) throw new RangeError(`Intl: locale ${JSON.stringify(tag.slice(0, 64))} is not a tag of BCP 47`);
  return tag;
}

/** The options that are given, as an object. */
export function optionsOf(given: unknown): Given {
  if (given === undefined) return {};
  if (given === null) throw new TypeError("Intl: options is null, not an object");
  return Object(given) as Given;
}

/** An option that is one of some texts. */
export function choice<const T extends string>(options: Given, name: string, allowed: readonly T[]): T | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = String(value);
  const found = allowed.find((known) => known === text);
  if (found !== undefined) return found;
  throw new RangeError(`Intl: ${name} is ${JSON.stringify(text.slice(0, 64))}, not one of ${allowed.map((known) => JSON.stringify(known)).join(", ")}`);
}

/** An option that is a text of this form. */
export function textOption(options: Given, name: string, form: RegExp): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  const text = String(value);
  if (form.test(text)) return text;
  throw new RangeError(`Intl: ${name} is ${JSON.stringify(text.slice(0, 64))}, which is none`);
}

/** An option that is a whole number in a range. */
export function numberOption(options: Given, name: string, least: number, most: number): number | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  const number = Math.floor(Number(value));
  if (number >= least && number <= most) return number;
  throw new RangeError(`Intl: ${name} is ${String(value)}, not from ${least} to ${most}`);
}

/** An option that is true or false. */
export function flag(options: Given, name: string): boolean | undefined {
  const value = options[name];
  return value === undefined ? undefined : Boolean(value);
}

/** `twoDigit` of `two-digit`: the names of the contract as `Intl` has them. */
export function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `short-offset` of `shortOffset`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Members that are set. */
export function present<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null)) as T;
}

/**
 * A class that can be called without `new`, too, as those of `Intl` that are older than classes.
 */
export function callable<T extends abstract new (...given: never[]) => object>(made: T): T {
  function Callable(this: unknown, ...given: unknown[]): unknown {
    const target = (new.target as unknown as (() => void) | undefined) ?? Callable;
    return Reflect.construct(made as unknown as () => void, given, target) as unknown;
  }
  const { name, length, prototype } = made;
  Object.defineProperties(Callable, { name: { value: name }, length: { value: length }, prototype: { value: prototype } });
  for (const key of Object.getOwnPropertyNames(made)) {
    const own = Object.getOwnPropertyDescriptor(made, key);
    if (own !== undefined && !Object.hasOwn(Callable, key)) Object.defineProperty(Callable, key, own);
  }
  Object.defineProperty(prototype, "constructor", { value: Callable, writable: true, configurable: true });
  return Callable as unknown as T;
}

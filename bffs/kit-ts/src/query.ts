/**
 * Strict reading of query parameters: an unknown name, a name given twice, a missing one and a bad
 * value are each answered 400, naming the parameter, what was given and what is allowed. A client
 * that misspells `limit` must not get the default.
 */
import type { Query } from "tailor:bff/types@0.1.1";
import { parseDate } from "./dates.ts";
import { Problem } from "./problem.ts";

/** A kind of value: how it is read, and how its range reads in a sentence. */
export interface Kind<T> {
  /** What is allowed, for the client's developer: `a whole number from 1 to 100`. */
  readonly allowed: string;
  /** The value, or `undefined` if the text is not allowed. */
  readonly parse: (text: string) => T | undefined;
}

/** A parameter of a route. */
export interface Parameter<T> extends Kind<T> {
  /** What it is when it is not given; without it the parameter must be given. */
  readonly otherwise?: { readonly value: T };
}

/** A parameter that must be given. */
export function required<T>(kind: Kind<T>): Parameter<T> {
  return kind;
}

/** A parameter that is `value` unless given. */
export function optional<T, const D>(kind: Kind<T>, value: D): Parameter<T | D> {
  return { ...kind, otherwise: { value } };
}

/** A day `YYYY-MM-DD`, as its day number (see `parseDate`). */
export const date: Kind<number> = { allowed: "a date as `YYYY-MM-DD`", parse: parseDate };

/** A whole number without sign or leading zeros. */
export function integer(min: number, max: number): Kind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse: (given) => {
      const value = /^(0|[1-9]\d{0,14})$/.test(given) ? Number(given) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** Any text of 1 to `max` characters. */
export function text(max: number): Kind<string> {
  return {
    allowed: `1 to ${max} characters`,
    parse: (given) => (given.length >= 1 && given.length <= max ? given : undefined),
  };
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return { allowed: quoted(words), parse: (given) => words.find((word) => word === given) };
}

/** The values of all `parameters`, typed. Throws a `Problem` (400) at the first fault. */
export function readQuery<T>(query: Query, parameters: { readonly [K in keyof T]: Parameter<T[K]> }): T {
  const known = Object.keys(parameters);
  // In an interpreter, loops that take pairs apart cost more than all that is read here.
  const given: (string | undefined)[] = [];
  for (let index = 0; index < query.length; index += 1) {
    const { 0: name, 1: value } = query[index] as Query[number];
    const place = known.indexOf(name);
    if (place < 0) {
      throw badParameter(name, value, known.length === 0 ? "no parameters" : `only the parameters ${quoted(known)}`);
    }
    if (given[place] !== undefined) throw badParameter(name, value, "one value only");
    given[place] = value;
  }
  const values: Record<string, unknown> = {};
  for (let index = 0; index < known.length; index += 1) {
    const name = known[index] as string & keyof T;
    values[name] = read(name, parameters[name], given[index]);
  }
  // Every member of T has just been read by the parameter of its type.
  return values as T;
}

function read(name: string, parameter: Parameter<unknown>, given: string | undefined): unknown {
  if (given !== undefined) {
    const value = parameter.parse(given);
    if (value === undefined) throw badParameter(name, given, parameter.allowed);
    return value;
  }
  if (parameter.otherwise !== undefined) return parameter.otherwise.value;
  const detail = `query parameter \`${name}\` is missing; allowed: ${parameter.allowed}`;
  throw new Problem(400, detail, { members: { parameter: name, allowed: parameter.allowed } });
}

/**
 * The 400 of a parameter that was given, also for rules that `readQuery` cannot know: two values
 * that do not go together.
 */
export function badParameter(name: string, given: string, allowed: string): Problem {
  const [parameter, value] = [cut(name), cut(given)];
  const detail = `query parameter \`${parameter}\` is \`${value}\`; allowed: ${allowed}`;
  return new Problem(400, detail, { members: { parameter, value, allowed } });
}

/** As much of a client's own value as it needs to recognise it, in whole characters. */
export function cut(given: string): string {
  const characters = [...given];
  return characters.length <= 64 ? given : `${characters.slice(0, 64).join("")}…`;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

/**
 * The contract of `wit/tailor.wit` as the JavaScript engine presents it. The documentation of each
 * item is in that file; here stands only what differs in JavaScript:
 *
 * - names are camelCase, an enum is the name of its case (`"too-large"`), a variant is
 *   `{ tag, val }`;
 * - an `option` is the value or `null`; in a record that a BFF makes, such a member may be left
 *   out;
 * - a `u64` is a `number`;
 * - a `result` in a list is `{ tag: "ok" | "err", val }`, but one returned by a function is
 *   returned or *thrown*: `fetch` and `Exchange.wait` throw an `Error` whose `payload` is the
 *   `Failure`. `fetchAll` never throws; prefer it, even for one call;
 * - a record of the wrong shape (a missing member, a number as a header's value, a method in
 *   capitals) would end the instance without a message. The modules of `src/contract`, which a bundle
 *   has in place of these, throw a `TypeError` that says what is wrong; an answer is checked, too.
 */

declare module "tailor:bff/types@0.1.1" {
  export type Method = "get" | "head" | "post" | "put" | "patch" | "delete" | "options";
  export type Headers = readonly (readonly [name: string, value: string])[];
  export type Query = readonly (readonly [name: string, value: string])[];
  export type Payload =
    | { readonly tag: "none" }
    | { readonly tag: "text"; readonly val: string }
    | { readonly tag: "bytes"; readonly val: Uint8Array };
  export interface Client {
    readonly name: string;
    readonly host: string;
  }
  export interface Request {
    readonly id: string;
    readonly method: Method;
    readonly path: string;
    readonly query: Query;
    readonly headers: Headers;
    readonly body: Payload;
    readonly client: Client;
  }
  export interface Response {
    readonly status: number;
    readonly headers: Headers;
    readonly body: Payload;
  }
}

declare module "tailor:bff/downstream@0.1.1" {
  import type { Headers, Method, Payload, Query } from "tailor:bff/types@0.1.1";

  export interface Call {
    readonly service: string;
    readonly method: Method;
    readonly path: string;
    readonly query: Query;
    readonly headers: Headers;
    readonly body: Payload;
    readonly select: readonly string[];
    readonly timeoutMs?: number | null;
    readonly profile?: string | null;
  }
  export type Source = "live" | "cached" | "stale" | "fallback";
  export interface Reply {
    readonly status: number;
    readonly headers: Headers;
    readonly body: Payload;
    readonly selected: readonly (string | null)[];
    readonly source: Source;
  }
  export type FailureKind =
    | "denied"
    | "invalid"
    | "exhausted"
    | "timeout"
    | "unreachable"
    | "interrupted"
    | "overloaded"
    | "too-large"
    | "malformed"
    | "rejected";
  export interface Failure {
    readonly kind: FailureKind;
    readonly sent: boolean;
    readonly detail: string;
  }
  export type Result = { readonly tag: "ok"; readonly val: Reply } | { readonly tag: "err"; readonly val: Failure };

  /** Throws an `Error` whose `payload` is the `Failure`. */
  export function fetch(call: Call): Reply;
  export function fetchAll(calls: readonly Call[]): Result[];
  /** Made by `start` only. */
  export class Exchange {
    private constructor();
    /** Throws an `Error` whose `payload` is the `Failure`. */
    wait(): Reply;
  }
  export function start(call: Call): Exchange;
  export function waitAny(exchanges: readonly Exchange[], timeoutMs: number | null): number | null;
}

declare module "tailor:bff/runtime@0.1.1" {
  export type Level = "debug" | "info" | "warn" | "error";

  export function log(level: Level, message: string, fields: readonly (readonly [name: string, value: string])[]): void;
  export function config(key: string): string | null;
  export function nowMs(): number;
  export function timeLeftMs(): number;
  export function elapsedNs(): number;
  export function random(length: number): Uint8Array;
}

declare module "tailor:bff/locale@0.1.1" {
  /** What the functions throw is an `Error` whose `payload` is this. */
  export interface LocaleError {
    readonly kind: "range-error" | "unsupported" | "too-large";
    readonly detail: string;
  }
  export type PartKind =
    | "literal"
    | "era"
    | "year"
    | "month"
    | "weekday"
    | "day"
    | "day-period"
    | "hour"
    | "minute"
    | "second"
    | "fractional-second"
    | "time-zone-name"
    | "integer"
    | "group"
    | "decimal"
    | "fraction"
    | "plus-sign"
    | "minus-sign"
    | "percent-sign"
    | "currency"
    | "unit"
    | "compact"
    | "nan"
    | "infinity"
    | "element";
  export interface Part {
    readonly kind: PartKind;
    readonly text: string;
  }
  export type Width = "long" | "short" | "narrow";
  export type DigitWidth = "numeric" | "two-digit";
  export type MonthFormat = DigitWidth | Width;
  export type DateStyle = "full" | "long" | "medium" | "short";
  export type ZoneName = "short" | "long" | "short-offset" | "long-offset" | "short-generic" | "long-generic";
  export type HourCycle = "h11" | "h12" | "h23" | "h24";
  export interface DateOptions {
    readonly locales: readonly string[];
    readonly timeZone: string;
    readonly dateStyle?: DateStyle | null;
    readonly timeStyle?: DateStyle | null;
    readonly weekday?: Width | null;
    readonly era?: Width | null;
    readonly year?: DigitWidth | null;
    readonly month?: MonthFormat | null;
    readonly day?: DigitWidth | null;
    readonly dayPeriod?: Width | null;
    readonly hour?: DigitWidth | null;
    readonly minute?: DigitWidth | null;
    readonly second?: DigitWidth | null;
    readonly fractionalSecondDigits?: number | null;
    readonly timeZoneName?: ZoneName | null;
    readonly hour12?: boolean | null;
    readonly hourCycle?: HourCycle | null;
    readonly numberingSystem?: string | null;
  }
  export interface Zone {
    readonly name: string;
    readonly offsetS: number;
    readonly today: string;
    readonly dayBeginsMs: number;
    readonly dayEndsMs: number;
  }
  export type NumberStyle = "decimal" | "percent" | "currency" | "unit";
  export type CurrencyDisplay = "symbol" | "narrow-symbol" | "code" | "name";
  export type Notation = "standard" | "compact-short" | "compact-long";
  export type Grouping = "auto" | "always" | "min2" | "never";
  export type SignDisplay = "auto" | "always" | "never" | "except-zero" | "negative";
  export type RoundingMode =
    | "ceil"
    | "floor"
    | "expand"
    | "trunc"
    | "half-ceil"
    | "half-floor"
    | "half-expand"
    | "half-trunc"
    | "half-even";
  export interface Digits {
    readonly minimumInteger?: number | null;
    readonly minimumFraction?: number | null;
    readonly maximumFraction?: number | null;
    readonly minimumSignificant?: number | null;
    readonly maximumSignificant?: number | null;
    readonly rounding?: RoundingMode | null;
    readonly stripIfInteger: boolean;
  }
  export interface NumberOptions {
    readonly locales: readonly string[];
    readonly style: NumberStyle;
    readonly currency?: string | null;
    readonly currencyDisplay?: CurrencyDisplay | null;
    readonly accounting: boolean;
    readonly unit?: string | null;
    readonly unitDisplay?: Width | null;
    readonly notation: Notation;
    readonly digits: Digits;
    readonly grouping?: Grouping | null;
    readonly sign?: SignDisplay | null;
    readonly numberingSystem?: string | null;
  }
  export type PluralCategory = "zero" | "one" | "two" | "few" | "many" | "other";
  export interface PluralOptions {
    readonly locales: readonly string[];
    readonly ordinal: boolean;
    readonly digits: Digits;
  }
  export type RelativeUnit = "second" | "minute" | "hour" | "day" | "week" | "month" | "quarter" | "year";
  export interface RelativeOptions {
    readonly locales: readonly string[];
    readonly width: Width;
    readonly words: boolean;
    readonly numberingSystem?: string | null;
  }
  export type ListKind = "conjunction" | "disjunction" | "unit";
  export interface ListOptions {
    readonly locales: readonly string[];
    readonly kind: ListKind;
    readonly width: Width;
  }
  export type Sensitivity = "base" | "accent" | "case" | "variant";
  export interface CollationOptions {
    readonly locales: readonly string[];
    readonly sensitivity: Sensitivity;
    readonly numeric?: boolean | null;
    readonly caseFirst?: "upper-first" | "lower-first" | null;
    readonly ignorePunctuation?: boolean | null;
  }
  export type NameKind = "language" | "region" | "script" | "currency";
  export interface NameOptions {
    readonly locales: readonly string[];
    readonly kind: NameKind;
    readonly width: Width;
    readonly dialect: boolean;
  }
  export type ValueKind = "currency" | "numbering-system" | "time-zone" | "unit";

  export function formatDate(atMs: number, options: DateOptions): string;
  export function dateParts(atMs: number, options: DateOptions): Part[];
  export function resolveDate(options: DateOptions): DateOptions;
  export function zoneAt(timeZone: string, atMs: number): Zone;
  export function formatNumber(value: string, options: NumberOptions): string;
  export function numberParts(value: string, options: NumberOptions): Part[];
  export function resolveNumber(options: NumberOptions): NumberOptions;
  export function selectPlural(value: string, options: PluralOptions): PluralCategory;
  export function pluralCategories(options: PluralOptions): PluralCategory[];
  export function formatRelative(value: string, of: RelativeUnit, options: RelativeOptions): string;
  export function relativeParts(value: string, of: RelativeUnit, options: RelativeOptions): Part[];
  export function formatList(items: readonly string[], options: ListOptions): string;
  export function listParts(items: readonly string[], options: ListOptions): Part[];
  export function compare(one: string, other: string, options: CollationOptions): number;
  export function sort(items: readonly string[], options: CollationOptions): number[];
  export function displayName(code: string, options: NameOptions): string | null;
  export function changeCase(text: string, to: "uppercase" | "lowercase", locales: readonly string[]): string;
  export function canonicalLocales(locales: readonly string[]): string[];
  export function supportedLocales(locales: readonly string[]): string[];
  export function supportedValues(kind: ValueKind): string[];
}

// Sources that name an earlier patch of the contract get this one: a patch only adds functions.
declare module "tailor:bff/types@0.1.0" {
  export * from "tailor:bff/types@0.1.1";
}
declare module "tailor:bff/downstream@0.1.0" {
  export * from "tailor:bff/downstream@0.1.1";
}
declare module "tailor:bff/runtime@0.1.0" {
  export * from "tailor:bff/runtime@0.1.1";
}

/** What the kit gives a BFF of the web's globals, beside the language. Tests have those of Node. */
/// <reference path="./web.d.ts" />

/** The host's clock that only goes forward. */
declare var performance: {
  /** Milliseconds, with fractions, since the host received this request. */
  now(): number;
  /** The time of day when the host received this request. */
  readonly timeOrigin: number;
};

/**
 * Random numbers of the host's system, new for each request. In a test they are those of the
 * fixture's `seed`.
 */
declare var crypto: Crypto;
interface Crypto {
  /** Hashes and HMAC. */
  readonly subtle: SubtleCrypto;
  /** Fills an array of integers, of at most 65,536 bytes. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
}

/**
 * What everything that needs a locale returns: a component has no locales, so that the text could
 * not be what you want. In tests and in a component it throws. Nothing can be done with a value of
 * this type; write the text yourself.
 */
type ComponentsHaveNoLocales = symbol & { readonly "a component has no locales: write the text yourself": never };

// These come before what the library has of the same names, and are what a call gets.
interface Number {
  /** @deprecated A component has no locales: write the text yourself. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface BigInt {
  /** @deprecated A component has no locales: write the text yourself. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Date {
  /** @deprecated A component has no locales: write the text yourself. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  /**
   * @deprecated A component has no locales: write the text yourself, with `formatDate` of the kit.
   */
  toLocaleDateString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  /** @deprecated A component has no locales: write the text yourself. */
  toLocaleTimeString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Array<T> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface ReadonlyArray<T> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Int8Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Uint8Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Uint8ClampedArray<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Int16Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Uint16Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Int32Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Uint32Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Float32Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface Float64Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface BigInt64Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface BigUint64Array<TArrayBuffer extends ArrayBufferLike> {
  /** @deprecated A component has no locales: write the text yourself, with `join`. */
  toLocaleString(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
}
interface String {
  /** The order of the code points. */
  localeCompare(that: string): number;
  /** @deprecated A component has no locales: leave them out, for the order of the code points. */
  localeCompare(that: string, locales: unknown, options?: unknown): ComponentsHaveNoLocales;
  toLocaleLowerCase(): string;
  /** @deprecated A component has no locales: leave them out. */
  toLocaleLowerCase(locales: unknown): ComponentsHaveNoLocales;
  toLocaleUpperCase(): string;
  /** @deprecated A component has no locales: leave them out. */
  toLocaleUpperCase(locales: unknown): ComponentsHaveNoLocales;
}

declare namespace Intl {
  /** @deprecated A component has no `Intl`. */
  function getCanonicalLocales(locales?: unknown): ComponentsHaveNoLocales;
  /** @deprecated A component has no `Intl`. */
  function supportedValuesOf(key: unknown): ComponentsHaveNoLocales;
  interface CollatorConstructor {
    /** @deprecated A component has no `Intl`. */
    supportedLocalesOf(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    new (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  }
  interface NumberFormatConstructor {
    /** @deprecated A component has no `Intl`. */
    supportedLocalesOf(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    new (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  }
  interface DateTimeFormatConstructor {
    /** @deprecated A component has no `Intl`. */
    supportedLocalesOf(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    new (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  }
  interface PluralRulesConstructor {
    /** @deprecated A component has no `Intl`. */
    supportedLocalesOf(locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    new (locales?: unknown, options?: unknown): ComponentsHaveNoLocales;
  }
  interface RelativeTimeFormat {
    /** @deprecated A component has no `Intl`. */
    format(value: unknown, unit: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    formatToParts(value: unknown, unit: unknown): ComponentsHaveNoLocales;
  }
  interface ListFormat {
    /** @deprecated A component has no `Intl`. */
    format(list: unknown): ComponentsHaveNoLocales;
    /** @deprecated A component has no `Intl`. */
    formatToParts(list: unknown): ComponentsHaveNoLocales;
  }
  interface DisplayNames {
    /** @deprecated A component has no `Intl`. */
    of(code: unknown): ComponentsHaveNoLocales;
  }
  interface Segmenter {
    /** @deprecated A component has no `Intl`. */
    segment(input: unknown): ComponentsHaveNoLocales;
  }
}

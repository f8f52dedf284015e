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
 * What the host cannot do of `Intl` returns. In tests and in a component it throws, and says what
 * to use. Nothing can be done with a value of this type.
 */
type NotByTheHost = symbol & { readonly "the host cannot do this": never };

declare namespace Intl {
  interface DateTimeFormat {
    /** @deprecated The host cannot do this: format both dates and join them. */
    formatRange(startDate: unknown, endDate: unknown): NotByTheHost;
    /** @deprecated The host cannot do this: format both dates and join them. */
    formatRangeToParts(startDate: unknown, endDate: unknown): NotByTheHost;
  }
  interface NumberFormat {
    /** @deprecated The host cannot do this: format both numbers and join them. */
    formatRange(start: unknown, end: unknown): NotByTheHost;
    /** @deprecated The host cannot do this: format both numbers and join them. */
    formatRangeToParts(start: unknown, end: unknown): NotByTheHost;
  }
  interface PluralRules {
    /** @deprecated The host cannot do this: select the form of the last number. */
    selectRange(start: unknown, end: unknown): NotByTheHost;
  }
  interface Locale {
    /** @deprecated The host cannot do this: write the whole tag, such as de-Latn-DE. */
    maximize(): NotByTheHost;
    /** @deprecated The host cannot do this: write the short tag, such as de. */
    minimize(): NotByTheHost;
  }
  interface Segmenter {
    /** @deprecated The host cannot do this: split texts with `Array.from`, or at the spaces. */
    segment(input: unknown): NotByTheHost;
  }
}

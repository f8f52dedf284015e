/** What the kit gives a BFF of the web's globals, beside the language. Tests have those of Node. */

/** The host's clock that only goes forward. */
declare var performance: {
  /** Milliseconds, with fractions, since the host received this request. */
  now(): number;
  /** The time of day when the host received this request. */
  readonly timeOrigin: number;
};

/** Random numbers of the host's system, new for each request. In a test they are those of the fixture's `seed`. */
declare var crypto: {
  /** Fills an array of integers, of at most 65,536 bytes. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
};

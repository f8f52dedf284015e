/** What the operator may set: the table `config` of this BFF. */

/** `env` of a request. */
export interface Settings {
  /** How long the screen waits for a part that it can do without, milliseconds. */
  readonly patience_ms?: string;
}

const PATIENCE_MS = 400;

/** The milliseconds that a part has. */
export function patience({ patience_ms }: Settings): number {
  if (patience_ms === undefined) return PATIENCE_MS;
  const ms = Number(patience_ms);
  if (!(ms >= 1)) throw new RangeError(`config patience_ms is \`${patience_ms}\`, not a number of milliseconds`);
  return ms;
}

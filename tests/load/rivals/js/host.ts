/** What the kit imports of tailor's host and this program never calls. */
export function fetchAll(): never {
  throw new Error("calls are awaited here");
}

/** Only its name is needed: no call is started through the kit. */
export class Exchange {}

export {
  fetchAll as config,
  fetchAll as elapsedNs,
  fetchAll as random,
  fetchAll as start,
  fetchAll as timeLeftMs,
  fetchAll as waitAny,
};

export function nowMs(): number {
  return Date.now();
}

export function log(): void {
  // It is never read.
}

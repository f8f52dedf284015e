/**
 * Promises that were rejected and that nobody handles. In a component, the build has the engine
 * note them here (`build::fuse`); in tests, Node has its own way.
 */

/** By which the build finds the array: 32 bits each, as the engine keeps whole numbers. */
const MARK = [0x7461696c, 0x6f722072, 0x656a6563, 0x74696f6e] as const;
/** Pairs of a reason and its promise. */
const PAIRS = 8;

/**
 * An object that is held often, by itself: by it the build finds where the engine counts
 * references.
 */
const held: unknown[] = [];
const HELD = 211;
for (let count = 0; count < HELD; count += 1) held.push(held);

/** Never longer than at first: so it stays where the build has found it. */
const noted: unknown[] = Array.from({ length: MARK.length + 1 + 2 * PAIRS }, () => undefined);
for (const [index, mark] of [...MARK, held].entries()) noted[index] = mark;

/** The reasons of those that nobody has handled until now. */
export function unhandled(): readonly { readonly reason: unknown }[] {
  const found: { readonly reason: unknown }[] = [];
  for (let at = MARK.length + 1; at < noted.length; at += 2) {
    if (noted[at + 1] !== undefined) found.push({ reason: noted[at] });
  }
  return found;
}

/** Compares the kit's own web globals with those of Node. */
import assert from "node:assert/strict";

/** What a function gives, or the name of what it throws. */
export function outcome<T>(task: () => T): { readonly value: T } | { readonly thrown: string } {
  try {
    return { value: task() };
  } catch (thrown) {
    return { thrown: (thrown as Error).name };
  }
}

/** What a promise gives, or the name of what it rejects with. */
export async function settled<T>(task: () => Promise<T> | T): Promise<{ readonly value: T } | { readonly thrown: string }> {
  try {
    return { value: await task() };
  } catch (thrown) {
    return { thrown: (thrown as Error).name };
  }
}

/** Each case has the same outcome in both. */
export function same<C>(cases: readonly C[], kit: (input: C) => unknown, node: (input: C) => unknown): void {
  for (const input of cases) assert.deepEqual(outcome(() => kit(input)), outcome(() => node(input)), `of ${shown(input)}`);
}

/** Each case has the same outcome in both, when it has one. */
export async function sameLater<C>(
  cases: readonly C[],
  kit: (input: C) => Promise<unknown> | unknown,
  node: (input: C) => Promise<unknown> | unknown,
): Promise<void> {
  for (const input of cases) {
    assert.deepEqual(await settled(() => kit(input)), await settled(() => node(input)), `of ${shown(input)}`);
  }
}

function shown(input: unknown): string {
  try {
    return typeof input === "function" ? String(input) : JSON.stringify(input);
  } catch {
    return String(input);
  }
}

/** Numbers that look random and are the same in each run: below `limit`. */
export function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

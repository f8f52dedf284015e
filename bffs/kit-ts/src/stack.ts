/**
 * Stacks that name the lines a developer wrote. The engine knows the bundle only
 * (`/partner.js:310:12`). `tools/bundle.mjs` appends a table of the bundle's lines; here it is
 * looked up, when something was thrown. A bundle made without that tool has no table, and its
 * positions are passed on as they are.
 */

/**
 * For each line of the bundle, from the first: index of the file and line in it, or 0 and 0. Flat,
 * two numbers a line.
 */
interface LineTable {
  readonly files: readonly string[];
  readonly lines: readonly number[];
}

/** One call of a stack. */
export interface Frame {
  readonly name: string;
  /** `src/summaries.ts:41`. */
  readonly place: string;
}

/** The engine's `    at name (/partner.js:310:12)` lines. */
export function sourceFrames(stack: string, table: LineTable | undefined = bundleTable()): Frame[] {
  return stack.split("\n").flatMap((frame) => {
    const parts = /^\s*at (?:(.*) )?\(?([^()]*?):(\d+):\d+\)?$/.exec(frame);
    return parts === null ? [] : [{ name: parts[1] ?? "<module>", place: place(parts[2] ?? "", Number(parts[3]), table) }];
  });
}

/** The same in a line, as `name src/summaries.ts:41`, joined by ` < `: all of them, or the first few. */
export function sourceStack(stack: string, most?: number, table: LineTable | undefined = bundleTable()): string {
  const frames = sourceFrames(stack, table).slice(0, most);
  return frames.map(({ name, place: at }) => `${name} ${at}`).join(" < ");
}

function place(bundle: string, line: number, table: LineTable | undefined): string {
  const sourceLine = table?.lines[2 * line - 1] ?? 0;
  const file = table?.files[table.lines[2 * line - 2] ?? 0];
  return sourceLine === 0 || file === undefined ? `${bundle}:${line}` : `${file}:${sourceLine}`;
}

function bundleTable(): LineTable | undefined {
  // The name is set by the appended line of the bundle and by nothing else.
  return (globalThis as { tailorLines?: LineTable }).tailorLines;
}

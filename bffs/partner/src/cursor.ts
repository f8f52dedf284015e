/**
 * Cursors: where the next page starts, and for which range. A client must treat one as opaque. It
 * holds nothing about the user, and needs no signature: a made-up one could only name a day that
 * `from` and `to` grant anyway.
 */
import { badParameter, formatDate } from "@tailor/kit";

/**
 * The cursor of the page that starts at `next` in the range `from` to `to`, all day numbers. The
 * `1` is its format's version.
 */
export function cursorOf(from: number, to: number, next: number): string {
  return ["1", ...[from, to, next].map((day) => day.toString(36))].join(".");
}

/**
 * The day at which `cursor` goes on. Throws a `Problem` (400) if it is none of ours, or of another
 * range.
 */
export function startOf(cursor: string, from: number, to: number): number {
  const next = parseInt(cursor.split(".").at(-1) ?? "", 36);
  // Only what `cursorOf` makes comes back unchanged: parseInt alone would take much else.
  if (cursorOf(from, to, next) === cursor && from < next && next <= to) return next;

  const another = /^1(\.-?[0-9a-z]{1,5}){3}$/.test(cursor);
  const range = `from=${formatDate(from)}&to=${formatDate(to)}`;
  const origin = "the `page.next` of the page before";
  throw badParameter("cursor", cursor, another ? `${origin} of the same range; this one is not of ${range}` : origin);
}

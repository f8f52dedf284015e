/**
 * Which days a request asks for. Every rule of the parameters is here; whatever breaks one is a 400
 * that says which.
 */
import { badParameter, date, formatDate, integer, optional, readQuery, required, text, type Query } from "@tailor/kit";
import { startOf } from "./cursor.ts";

/** The longest range: a leap year. Bounds what one export can cost. */
const MAX_DAYS = 366;

const PARAMETERS = {
  from: required(date),
  to: required(date),
  limit: optional(integer(1, 100), 30),
  cursor: optional(text(64), null),
};

/** A page of a range. All days are day numbers, and all ends are inclusive. */
export interface Page {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly last: number;
  readonly limit: number;
}

/** The page that the query asks for. Throws a `Problem` (400). */
export function readPage(query: Query): Page {
  const { from, to, limit, cursor } = readQuery(query, PARAMETERS);
  if (from > to) throw badParameter("to", formatDate(to), `a date that is not before \`from\`, ${formatDate(from)}`);
  if (to - from >= MAX_DAYS) {
    const end = formatDate(from + MAX_DAYS - 1);
    throw badParameter("to", formatDate(to), `a date up to ${end}, for a range of at most ${MAX_DAYS} days`);
  }
  const first = cursor === null ? from : startOf(cursor, from, to);
  return { from, to, first, last: Math.min(to, first + limit - 1), limit };
}

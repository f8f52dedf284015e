/**
 * Dates and durations as ISO 8601 writes them. A date is counted in days since 1970-01-01, so that
 * arithmetic is plain arithmetic.
 */
import { EngineDate } from "./globals.ts";
import { nowMs } from "./host.ts";

const MS_PER_DAY = 86_400_000;

/**
 * The day number of `YYYY-MM-DD`, or `undefined` if the text is anything else or no day of the
 * calendar (2026-02-30).
 */
export function parseDate(text: string): number | undefined {
  const ms = EngineDate.parse(text);
  // The engine takes more than that, and turns 30 February into 2 March. Only a real day comes back
  // as it was written; what is less than 0100 would be read as of another century elsewhere.
  if (Number.isNaN(ms) || text < "0100") return undefined;
  const day = ms / MS_PER_DAY;
  return formatDate(day) === text ? day : undefined;
}

/** The days that every month has, as a date writes them. */
const DAYS: readonly string[] = Array.from({ length: 28 }, (_, index) => String(index + 1).padStart(2, "0"));

/** The month of the date that was written last, and the number of its first day: dates come in runs. */
let month = "";
let monthsFirst = 0;

/** `YYYY-MM-DD` of a day number. Years 0100 to 9999. */
export function formatDate(day: number): string {
  const known = DAYS[day - monthsFirst];
  if (known !== undefined && month !== "") return month + known;
  const text = new EngineDate(day * MS_PER_DAY).toISOString().slice(0, 10);
  month = text.slice(0, 8);
  monthsFirst = Math.floor(day) - Number(text.slice(8)) + 1;
  return text;
}

/** The day number of today in UTC. */
export function today(): number {
  return Math.floor(nowMs() / MS_PER_DAY);
}

/**
 * Whole minutes, 0 or more, as an ISO 8601 duration in hours and minutes: 431 is `PT7H11M`, 0 is
 * `PT0M`.
 */
export function duration(minutes: number): string {
  const rest = minutes % 60;
  const hours = (minutes - rest) / 60;
  if (hours === 0) return `PT${rest}M`;
  return rest === 0 ? `PT${hours}H` : `PT${hours}H${rest}M`;
}

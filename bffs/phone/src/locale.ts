/**
 * Dates and numbers in the words of a user. All that depends on a locale is here. A user without a
 * known one reads English.
 */
import { zoneAt } from "tailor:bff/locale@0.1.1";

/** How to write for one user. */
export interface Writer {
  /** A date, YYYY-MM-DD: `Thursday 15 January`. */
  readonly day: (date: string) => string;
  /** A whole number: `10,204`. */
  readonly count: (whole: number) => string;
  /** A way in the units of the user: `7.4 km`, `4.6 mi`. */
  readonly distance: (metres: number) => string;
  /** A share: `96%`. */
  readonly percent: (percent: number) => string;
  /** Hours and minutes: `7:08`. */
  readonly time: (minutes: number) => string;
}

const METRES_PER_KM = 1000;
const METRES_PER_MILE = 1609.344;

/** The writer of a locale, such as `de-DE`, with distances in `imperial` or other `units`. */
export function writerFor(locale: string, units: string): Writer {
  const locales = localesOf(locale);
  const [metres, unit] = units === "imperial" ? [METRES_PER_MILE, "mile"] : [METRES_PER_KM, "kilometer"];
  const day = new Intl.DateTimeFormat(locales, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  const count = new Intl.NumberFormat(locales);
  const percent = new Intl.NumberFormat(locales, { style: "percent" });
  const tenths = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const distance = new Intl.NumberFormat(locales, { style: "unit", unit, ...tenths });
  return {
    day: (date) => day.format(Date.parse(date)),
    count: count.format,
    distance: (way) => distance.format(way / metres),
    percent: (share) => percent.format(share / 100),
    time: (minutes) => `${Math.trunc(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`,
  };
}

/** The date, YYYY-MM-DD, that it is now in a time zone; in UTC if there is no such zone. */
export function today(timeZone: string): string {
  try {
    return zoneAt(timeZone, Date.now()).today;
  } catch {
    return new Date().toISOString().slice(0, 10);
  }
}

/** What to ask for, the first that is known. A profile may have a text that is no locale. */
function localesOf(locale: string): string[] {
  try {
    return [new Intl.Locale(locale).baseName, "en-GB"];
  } catch {
    return ["en-GB"];
  }
}

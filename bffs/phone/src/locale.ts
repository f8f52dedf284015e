/**
 * Dates and numbers in the words of a user. All that depends on a locale is here, for English and
 * German; everybody else reads English. The texts are those that `Intl` makes, and a test holds
 * them to it.
 */

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

interface Words {
  readonly weekdays: readonly string[];
  readonly months: readonly string[];
  readonly date: (weekday: string, day: number, month: string) => string;
  readonly groups: string;
  readonly point: string;
  readonly percent: string;
}

const ENGLISH: Words = {
  weekdays: ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
  months: [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
  ],
  date: (weekday, day, month) => `${weekday} ${day} ${month}`,
  groups: ",",
  point: ".",
  percent: "%",
};

const AMERICAN: Words = { ...ENGLISH, date: (weekday, day, month) => `${weekday}, ${month} ${day}` };

const GERMAN: Words = {
  weekdays: ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"],
  months: [
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
  ],
  date: (weekday, day, month) => `${weekday}, ${day}. ${month}`,
  groups: ".",
  point: ",",
  percent: "\u00a0%",
};

const METRES_PER_KM = 1000;
const METRES_PER_MILE = 1609.344;

/** The writer of a locale, such as `de-DE`, with distances in `imperial` or other `units`. */
export function writerFor(locale: string, units: string): Writer {
  const words = locale === "en-US" ? AMERICAN : /^de\b/.test(locale) ? GERMAN : ENGLISH;
  const [metres, unit] = units === "imperial" ? [METRES_PER_MILE, "mi"] : [METRES_PER_KM, "km"];
  const grouped = (digits: string): string => digits.replace(/\B(?=(?:\d{3})+$)/g, words.groups);
  return {
    day: (date) => {
      const at = new Date(`${date}T00:00:00Z`);
      return words.date(words.weekdays[at.getUTCDay()] ?? "", at.getUTCDate(), words.months[at.getUTCMonth()] ?? "");
    },
    count: (whole) => grouped(String(whole)),
    distance: (way) => {
      const [whole = "", tenths = ""] = (way / metres).toFixed(1).split(".");
      return `${grouped(whole)}${words.point}${tenths} ${unit}`;
    },
    percent: (percent) => `${grouped(String(percent))}${words.percent}`,
    time: (minutes) => `${Math.trunc(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`,
  };
}

/** The date, YYYY-MM-DD, that it is now in a time zone: without tables of zones, that of UTC. */
export function today(_timeZone: string): string {
  return new Date().toISOString().slice(0, 10);
}

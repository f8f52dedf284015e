import dayjs from "dayjs";
import "dayjs/locale/de.js";
import "dayjs/locale/fr.js";
import advancedFormat from "dayjs/plugin/advancedFormat.js";
import customParseFormat from "dayjs/plugin/customParseFormat.js";
import duration from "dayjs/plugin/duration.js";
import isBetween from "dayjs/plugin/isBetween.js";
import isoWeek from "dayjs/plugin/isoWeek.js";
import localizedFormat from "dayjs/plugin/localizedFormat.js";
import quarterOfYear from "dayjs/plugin/quarterOfYear.js";
import relativeTime from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";

for (const plugin of [advancedFormat, customParseFormat, isBetween, isoWeek, localizedFormat, quarterOfYear, utc]) dayjs.extend(plugin);
dayjs.extend(relativeTime);

/** Formats, also in its own languages, reckoning, durations and plugins. */
export function dayJs(): unknown {
  // This one asks for the time when it is taken, which nothing at module level may.
  dayjs.extend(duration);
  const now = dayjs();
  const then = dayjs("2026-03-29T00:30:00Z");
  return {
    now: [now, now.valueOf(), now.unix(), now.toISOString()],
    formats: ["YYYY-MM-DDTHH:mm:ss.SSSZ", "dddd, D MMMM YYYY h:mm A", "Q Do k X x", "[W]W GGGG", "LLLL", "L LT"].map((form) =>
      then.format(form),
    ),
    languages: ["de", "fr"].map((locale) => [
      then.locale(locale).format("dddd, D. MMMM YYYY"),
      then.locale(locale).format("LLL"),
      then.locale(locale).from(now),
      dayjs.duration(90, "minutes").locale(locale).humanize(true),
    ]),
    relative: [then.fromNow(), now.to(then), now.subtract(3, "second").fromNow(true)],
    reckoned: [
      dayjs("2026-01-31").add(1, "month"),
      now.startOf("isoWeek"),
      now.endOf("quarter"),
      now.set("hour", 3).set("minute", 7),
      now.subtract(1.5, "day"),
    ],
    differences: [then.diff(now, "day"), then.diff(now, "month", true), then.diff(now)],
    asked: [
      then.isAfter(now),
      then.isBetween(now, now.add(1, "year"), "day", "[)"),
      then.isSame(now, "year"),
      then.isoWeek(),
      then.quarter(),
      then.daysInMonth(),
      dayjs("nonsense").isValid(),
    ],
    parsed: [
      dayjs("15.01.26 14:05", "DD.MM.YY HH:mm"),
      dayjs("3 März 2026", "D MMMM YYYY", "de"),
      dayjs("31-02-2026", "DD-MM-YYYY", true).isValid(),
    ],
    durations: [
      dayjs.duration({ hours: 7, minutes: 72 }).toISOString(),
      dayjs.duration("P1DT2H").asMinutes(),
      dayjs.duration(3_723_000).format("H:mm:ss"),
      dayjs.duration(1, "day").add(2, "hour").toJSON(),
    ],
    utc: [dayjs.utc("2026-01-15 10:00").format(), then.utcOffset(120).format(), then.utc(true).toDate()],
  };
}

import { DateTime, Duration, FixedOffsetZone, Interval, Settings } from "luxon";

/**
 * Reckoning, ISO texts, durations and intervals. What luxon takes from `Intl` is in `locales.ts`.
 */
export function luxon(): unknown {
  Settings.defaultZone = "utc";
  // Else it asks `Intl` for the language of its user.
  Settings.defaultLocale = "en-US";
  const now = DateTime.now();
  const then = DateTime.fromISO("2026-03-29T00:30:00.250Z");
  const year = Interval.fromDateTimes(now, then);
  const walk = Duration.fromObject({ hours: 7, minutes: 72, seconds: 5 });
  return {
    now: [now.toISO(), now.toMillis(), now.toUnixInteger(), now.toObject()],
    texts: [
      then.toISO({ includeOffset: false }),
      then.toISODate(),
      then.toISOWeekDate(),
      then.toISOTime(),
      then.toSQL(),
      then.toHTTP(),
      then.toBSON(),
    ],
    offsets: [
      then.setZone("utc+2").toISO(),
      then.setZone(FixedOffsetZone.instance(-210)).toISO(),
      DateTime.fromISO("2026-01-15T10:00+05:30", { setZone: true }).toISO(),
      DateTime.utc(2026, 1, 31).plus({ month: 1 }).toISODate(),
    ],
    parsed: [
      DateTime.fromISO("2026-W05-3").toISODate(),
      DateTime.fromISO("2026-046").toISODate(),
      DateTime.fromSQL("2026-01-15 10:00:00").toISO(),
      DateTime.fromHTTP("Sun, 06 Nov 1994 08:49:37 GMT").toISO(),
      DateTime.fromRFC2822("25 Nov 2016 13:23:12 +0600").toISO(),
      DateTime.fromISO("2026-02-30").invalidExplanation,
    ],
    reckoned: [
      now.plus({ weeks: 2, hours: 5 }).toISO(),
      now.startOf("week").toISO(),
      now.endOf("quarter").toISO(),
      now.set({ day: 31, hour: 4 }).toISO(),
      now.minus({ months: 11 }).toISODate(),
    ],
    asked: [
      then.weekday,
      then.weekNumber,
      then.ordinal,
      then.quarter,
      then.daysInMonth,
      then.isInLeapYear,
      then.hasSame(now, "year"),
      then > now,
      DateTime.max(now, then).toISODate(),
    ],
    differences: [
      then.diff(now, ["months", "days", "hours"]).toObject(),
      then.diff(now).as("days"),
      Math.round(then.diffNow("hours").hours),
    ],
    durations: [
      walk.toISO(),
      walk.normalize().toObject(),
      walk.shiftTo("minutes").minutes,
      Duration.fromISO("P1Y2M").plus({ months: 13 }).rescale().toISO(),
      Duration.fromMillis(3_723_000).toISOTime(),
      walk.negate().toMillis(),
    ],
    intervals: [
      year.toISO(),
      year.length("weeks"),
      year.splitBy({ months: 1 }).map((part) => part.toISODate()),
      year.contains(now),
      Interval.merge([year, Interval.after(then, { days: 1 })]).length,
      year.intersection(Interval.before(then, { days: 2 }))?.toISO(),
    ],
    zones: [now.zoneName, now.offset],
  };
}

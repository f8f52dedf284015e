import * as d from "date-fns";
import { de, ja } from "date-fns/locale";

const THEN = new Date("2026-03-29T00:30:00Z");

/** Formats, also in languages, reckoning, intervals and relative times. */
export function dateFns(): unknown {
  const now = new Date();
  const week = { start: d.startOfWeek(now, { weekStartsOn: 1 }), end: d.endOfWeek(now, { weekStartsOn: 1 }) };
  return {
    now,
    formats: ["yyyy-MM-dd'T'HH:mm:ssXXX", "PPPPpppp", "do MMMM yyyy", "EEEE, h:mm a", "QQQ 'of' R, 'week' II", "t T", "BBBB"].map((form) =>
      d.format(THEN, form),
    ),
    languages: [de, ja].map((locale) => [
      d.format(THEN, "PPPP", { locale }),
      d.format(THEN, "EEE d. MMM", { locale }),
      d.formatDistance(THEN, now, { locale, addSuffix: true }),
    ]),
    distance: [d.formatDistanceToNow(THEN), d.formatDistanceStrict(THEN, now, { unit: "hour" }), d.formatRelative(d.subDays(now, 2), now)],
    duration: [
      d.formatDuration({ hours: 7, minutes: 12 }),
      d.intervalToDuration({ start: now, end: THEN }),
      d.formatISODuration({ days: 1, hours: 2 }),
    ],
    reckoned: [
      d.addMonths(new Date("2026-01-31T00:00:00Z"), 1),
      d.addBusinessDays(now, 10),
      d.subWeeks(now, 3),
      d.setISOWeek(now, 53),
      d.roundToNearestMinutes(THEN, { nearestTo: 15 }),
    ],
    differences: [
      d.differenceInCalendarDays(THEN, now),
      d.differenceInBusinessDays(THEN, now),
      d.differenceInMonths(THEN, now),
      d.differenceInHours(THEN, now),
    ],
    parsed: [
      d.parseISO("2026-02-28T23:59:60Z"),
      d.parseISO("2026-W05-3"),
      d.parse("15.01.26 14:05", "dd.MM.yy HH:mm", now),
      d.parse("3. März 2026", "d. MMMM yyyy", now, { locale: de }),
      d.isValid(d.parse("31.02.2026", "dd.MM.yyyy", now)),
    ],
    intervals: [
      d.eachDayOfInterval(week).map((day) => d.formatISO(day, { representation: "date" })),
      d.isWithinInterval(now, week),
      d.areIntervalsOverlapping(week, { start: THEN, end: d.addDays(THEN, 1) }),
      d.eachMonthOfInterval({ start: now, end: THEN }).length,
    ],
    asked: [
      d.isWeekend(THEN),
      d.isToday(now),
      d.isPast(THEN),
      d.getISOWeek(THEN),
      d.getDayOfYear(THEN),
      d.lastDayOfMonth(THEN),
      d.closestTo(now, [THEN, new Date(0)]),
      d.compareAsc(now, THEN),
      d.isLeapYear(now),
    ],
  };
}

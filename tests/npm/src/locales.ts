import dayjs from "dayjs";
import timezone from "dayjs/plugin/timezone.js";
import utc from "dayjs/plugin/utc.js";
import { DateTime, Duration, Info, Settings } from "luxon";

dayjs.extend(utc);
dayjs.extend(timezone);

/** What dayjs takes from `Intl`: zones by their names. */
export function dayJsByIntl(): unknown {
  const then = dayjs.utc("2026-03-29T00:30:00Z");
  return {
    zones: ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata"].map((zone) => [
      then.tz(zone).format(),
      then.tz(zone).utcOffset(),
      then.tz(zone).startOf("day").toISOString(),
    ]),
    given: dayjs.tz("2026-07-01 10:00", "Europe/Berlin").toISOString(),
  };
}

/** What luxon takes from `Intl`: zones by their names, and months, days and numbers in words. */
export function luxonByIntl(): unknown {
  Settings.defaultZone = "utc";
  Settings.defaultLocale = "en-US";
  const then = DateTime.fromISO("2026-03-29T00:30:00Z");
  return {
    zones: ["Europe/Berlin", "America/New_York", "Asia/Tokyo"].map((zone) => [
      then.setZone(zone).toISO(),
      then.setZone(zone).offset,
      then.setZone(zone).isInDST,
      then.setZone(zone).startOf("day").toUTC().toISO(),
    ]),
    words: ["de", "fr", "ja", "en-US"].map((locale) => [
      then.setLocale(locale).toLocaleString(DateTime.DATE_FULL),
      then.setLocale(locale).toFormat("cccc, d. LLLL yyyy"),
      then.setLocale(locale).toRelative({ base: then.plus({ days: 3 }) }),
    ]),
    forms: [DateTime.DATETIME_MED, DateTime.TIME_24_SIMPLE, DateTime.DATE_MED_WITH_WEEKDAY].map((form) =>
      then.setLocale("de").toLocaleString(form),
    ),
    months: [Info.months("short", { locale: "de" }), Info.weekdays("long", { locale: "fr" }), Info.meridiems({ locale: "en" })],
    durations: [Duration.fromObject({ hours: 7, minutes: 5 }).toHuman(), Duration.fromObject({ hours: 7, minutes: 5 }).toFormat("h:mm:ss")],
    parsed: [
      DateTime.fromFormat("3. März 2026", "d. LLLL yyyy", { locale: "de" }).toISODate(),
      DateTime.fromFormat("05/02/26 7:05 PM", "MM/dd/yy h:mm a").toISO(),
    ],
  };
}

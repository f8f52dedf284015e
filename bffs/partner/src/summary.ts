/**
 * Days as partners see them: units of the SI or of ISO 8601, named in the member or by the format,
 * and the same members on every day. These names are a promise (README.md): add to them, but never
 * rename, remove or change the unit of one.
 */
import { duration, number, rowWriter, string, tabulated } from "@tailor/kit";
import { activity, heart, sleep, type Activity, type Heart, type Sleep } from "./sources.ts";

const minutes = tabulated(duration, 24 * 60);
const percent = tabulated((value) => value / 100, 100);

/** The days of an export as JSON. `null` where no value is known. */
const writeDays = rowWriter({
  date: string,
  steps: number,
  floors: number,
  distance_m: number,
  active: minutes,
  energy_kj: number,
  resting_heart_rate_bpm: number,
  average_heart_rate_bpm: number,
  min_heart_rate_bpm: number,
  max_heart_rate_bpm: number,
  sleep: minutes,
  time_in_bed: minutes,
  sleep_efficiency: percent,
  sleep_score: number,
});

/** What the services hold of the days of a page, as far as it arrived. */
export interface Tables {
  readonly activity: Activity | undefined;
  readonly heart: Heart | undefined;
  readonly sleep: Sleep | undefined;
}

/** The summaries of these dates. Services leave out days without data. */
export function summariesOf(dates: readonly string[], tables: Tables): string {
  const day = activity.align("date", dates, tables.activity);
  const beat = heart.align("date", dates, tables.heart);
  const night = sleep.align("date", dates, tables.sleep);
  return writeDays({
    date: dates,
    steps: day.steps,
    floors: day.floors,
    distance_m: day.distance_m,
    active: day.active_minutes,
    energy_kj: day.calories_kcal.map(kilojoules),
    resting_heart_rate_bpm: beat.resting_bpm,
    average_heart_rate_bpm: beat.average_bpm,
    min_heart_rate_bpm: beat.min_bpm,
    max_heart_rate_bpm: beat.max_bpm,
    sleep: night.asleep_minutes,
    time_in_bed: night.in_bed_minutes,
    sleep_efficiency: night.efficiency_percent,
    sleep_score: night.score,
  });
}

/** One thermochemical kilocalorie in kilojoules. */
const KJ_PER_KCAL = 4.184;

function kilojoules(kcal: number | null): number | null {
  return kcal === null ? null : Math.round(kcal * KJ_PER_KCAL);
}

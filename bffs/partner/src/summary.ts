/**
 * One day as partners see it: units of the SI or of ISO 8601, named in the member or by the format,
 * and the same members on every day. These names are a promise (README.md): add to them, but never
 * rename, remove or change the unit of one.
 */
import { duration } from "@tailor/kit";
import type { Activity, Heart, Sleep } from "./sources.ts";

/** A day of the export. `null` where no value is known. */
export interface Summary {
  readonly date: string;
  readonly steps: number | null;
  readonly floors: number | null;
  readonly distance_m: number | null;
  readonly active: string | null;
  readonly energy_kj: number | null;
  readonly resting_heart_rate_bpm: number | null;
  readonly average_heart_rate_bpm: number | null;
  readonly min_heart_rate_bpm: number | null;
  readonly max_heart_rate_bpm: number | null;
  readonly sleep: string | null;
  readonly time_in_bed: string | null;
  readonly sleep_efficiency: number | null;
  readonly sleep_score: number | null;
}

/** The durations of a day by their minutes: made when the component is built. */
const DURATIONS: readonly string[] = Array.from({ length: 24 * 60 + 1 }, (_, minutes) => duration(minutes));

/** One thermochemical kilocalorie in kilojoules. */
const KJ_PER_KCAL = 4.184;

/** What the services hold of the days of a page, as far as it arrived. */
export interface Tables {
  readonly activity: Activity | undefined;
  readonly heart: Heart | undefined;
  readonly sleep: Sleep | undefined;
}

/** The summary of a day, which is likely to be the row `likely` of each table. */
export function summary(date: string, likely: number, { activity, heart, sleep }: Tables): Summary {
  const day = rowOf(activity, date, likely);
  const beat = rowOf(heart, date, likely);
  const night = rowOf(sleep, date, likely);
  const active = activity?.active_minutes[day];
  const energy = activity?.calories_kcal[day];
  const asleep = sleep?.asleep_minutes[night];
  const inBed = sleep?.in_bed_minutes[night];
  const efficiency = sleep?.efficiency_percent[night];
  return {
    date,
    steps: activity?.steps[day] ?? null,
    floors: activity?.floors[day] ?? null,
    distance_m: activity?.distance_m[day] ?? null,
    active: active === undefined ? null : lasting(active),
    energy_kj: energy === undefined ? null : Math.round(energy * KJ_PER_KCAL),
    resting_heart_rate_bpm: heart?.resting_bpm[beat] ?? null,
    average_heart_rate_bpm: heart?.average_bpm[beat] ?? null,
    min_heart_rate_bpm: heart?.min_bpm[beat] ?? null,
    max_heart_rate_bpm: heart?.max_bpm[beat] ?? null,
    sleep: asleep === undefined ? null : lasting(asleep),
    time_in_bed: inBed === undefined ? null : lasting(inBed),
    sleep_efficiency: efficiency === undefined ? null : efficiency / 100,
    sleep_score: sleep?.score[night] ?? null,
  };
}

function lasting(minutes: number): string {
  return DURATIONS[minutes] ?? duration(minutes);
}

/** The row of a date, -1 if there is none. Services leave out days without data. */
function rowOf(table: { readonly date: readonly string[] } | undefined, date: string, likely: number): number {
  if (table === undefined) return -1;
  return table.date[likely] === date ? likely : table.date.lastIndexOf(date);
}

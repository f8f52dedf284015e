/**
 * One day as partners see it: units of the SI or of ISO 8601, named in the member or by the format,
 * and the same members on every day. These names are a promise (README.md): add to them, but never
 * rename, remove or change the unit of one.
 */
import { duration } from "@tailor/kit";
import type { ActivityDay, HeartDay, Night } from "./sources.ts";

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

/** One thermochemical kilocalorie in kilojoules. */
const KJ_PER_KCAL = 4.184;

/** The summary of a day from what each service holds of it. */
export function summary(
  date: string,
  activity: ActivityDay | undefined,
  heart: HeartDay | undefined,
  night: Night | undefined,
): Summary {
  return {
    date,
    steps: activity?.steps ?? null,
    floors: activity?.floors ?? null,
    distance_m: activity?.distance_m ?? null,
    active: activity === undefined ? null : duration(activity.active_minutes),
    energy_kj: activity === undefined ? null : Math.round(activity.calories_kcal * KJ_PER_KCAL),
    resting_heart_rate_bpm: heart?.resting_bpm ?? null,
    average_heart_rate_bpm: heart?.average_bpm ?? null,
    min_heart_rate_bpm: heart?.min_bpm ?? null,
    max_heart_rate_bpm: heart?.max_bpm ?? null,
    sleep: night === undefined ? null : duration(night.asleep_minutes),
    time_in_bed: night === undefined ? null : duration(night.in_bed_minutes),
    sleep_efficiency: night === undefined ? null : night.efficiency_percent / 100,
    sleep_score: night?.score ?? null,
  };
}

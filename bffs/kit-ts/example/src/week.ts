/** The last seven days, newest first: a row for each, also for those that the service leaves out. */
import { bff, columns, duration, fetchAll, formatDate, get, getJson, jsonText, number, path, rowWriter, string, tabulated, today } from "@tailor/kit";

const writeDays = rowWriter({ date: string, steps: number, active: tabulated(duration, 24 * 60) });
const days = columns("/days", { date: string, steps: number, active_minutes: number });

export const handler = bff([
  get("/{user}/week", (_request, { user }) => {
    const dates = Array.from({ length: 7 }, (_, back) => formatDate(today() - back));
    const [activity] = fetchAll(getJson("activity", path`/users/${user}/days`, {}, days.decode, days.select));
    const day = days.align("date", dates, activity.kind === "value" ? activity.value : undefined);
    return jsonText(writeDays({ date: dates, steps: day.steps, active: day.active_minutes }));
  }),
]);

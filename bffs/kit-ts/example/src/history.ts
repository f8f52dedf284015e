/** The steps of all days that are known, for a chart: of each row of the list two members are wanted. */
import { bff, columns, fetchAll, get, getJson, json, number, path, string, valueOrProblem } from "@tailor/kit";

const days = columns("/days", { date: string, steps: number });

export const handler = bff([
  get("/{user}/steps", (_request, { user }) => {
    const [activity] = fetchAll(getJson("activity", path`/users/${user}/days`, {}, days.decode, days.select));
    const { date, steps } = valueOrProblem(activity);
    return json(date.map((day, row) => [day, steps[row]]));
  }),
]);

/** The backend of the bathroom scales: which of the day's goals are reached. */
import {
  array, badParameter, bff, boolean, date, fetchAll, formatDate, get, getJson, json, nullable, number, object, optional,
  path, readQuery, string, today, valueOrProblem,
} from "@tailor/kit";

const goalsOfDay = object({ goals: array(object({ title: string, reached: boolean })) });
const weight = array(nullable(number));

export const handler = bff([
  get("/{user}/goals", (request, { user }) => {
    const query = readQuery(request.query, { date: optional(date, today()) });
    const day = formatDate(query.date);
    if (query.date > today()) throw badParameter("date", day, "a date that is not in the future");

    // One crossing to the host, both calls side by side. Of the profile one number is wanted: only
    // that is handed over.
    const [goals, profile] = fetchAll(
      getJson("goals", path`/users/${user}/goals`, { date: day }, goalsOfDay),
      getJson("profile", path`/users/${user}`, {}, weight, ["/weight_kg"]),
    );
    const list = valueOrProblem(goals).goals;

    const screen = {
      reached: list.filter((goal) => goal.reached).map((goal) => goal.title),
      open: list.filter((goal) => !goal.reached).map((goal) => goal.title),
      // The scales can do without it: a part that fails must not fail the whole.
      weight_kg: profile.kind === "value" ? (profile.value[0] ?? null) : null,
    };
    return json(screen, [["cache-control", "private, max-age=60"]]);
  }),
]);

/** The backend of bathroom scales: which of the day's goals are reached. */
import {
  array, badParameter, bff, boolean, date, fetchAll, formatDate, get, getJson, json, nullable, number, object, optional,
  path, readQuery, string, today, valueOrProblem,
} from "@tailor/kit";

// What of the services' answers is read. Members that are not named may be there; one that is named
// and has another form is a fault of the service, and the answer says of which.
const goalsOfDay = object({ goals: array(object({ title: string, reached: boolean })) });
const weight = array(nullable(number));

export const handler = bff([
  get("/{user}/goals", (request, { user }) => {
    // Another parameter than these is 400, and so is a date that is none.
    const query = readQuery(request.query, { date: optional(date, today()) });
    const day = formatDate(query.date);
    if (query.date > today()) throw badParameter("date", day, "a date that is not in the future");

    // One crossing to the host, both calls side by side. Of the profile one number is wanted: only
    // that is handed over.
    const [goals, profile] = fetchAll(
      getJson("goals", path`/users/${user}/goals`, { date: day }, goalsOfDay),
      getJson("profile", path`/users/${user}`, {}, weight, ["/weight_kg"]),
    );
    // Without goals there is no screen: 404 for an unknown user, else 503 with the reason.
    const list = valueOrProblem(goals).goals;

    const screen = {
      reached: list.filter((goal) => goal.reached).map((goal) => goal.title),
      open: list.filter((goal) => !goal.reached).map((goal) => goal.title),
      // The scales can do without it: a part that fails must not fail the whole.
      weight_kg: profile.kind === "value" ? (profile.value[0] ?? null) : null,
    };
    // The host makes this `no-store` where a part is missing.
    return json(screen, [["cache-control", "private, max-age=60"]]);
  }),
]);

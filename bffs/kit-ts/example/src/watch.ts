import { array, bff, date, fetchAll, formatDate, get, getJson, json, nullable, number, path,
  readQuery, required } from "@tailor/kit";

const numbers = array(nullable(number));

export const handler = bff([
  get("/{user}", (request, { user }) => {
    const day = formatDate(readQuery(request.query, { date: required(date) }).date);
    const parts = fetchAll(
      getJson("activity", path`/users/${user}/days/${day}`, {}, numbers, ["/steps"]),
      getJson("heart", path`/users/${user}/days/${day}`, {}, numbers, ["/latest/bpm"]),
      getJson("sleep", path`/users/${user}/nights/${day}`, {}, numbers, ["/asleep_minutes"]),
    );
    const [steps, heart, sleep] = parts.map((it) => (it.kind === "value" ? it.value[0] : null));
    return json({ steps, heart, sleep }, [["cache-control", "private, max-age=30"]]);
  }),
]);

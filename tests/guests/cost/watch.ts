/** The watch face in TypeScript, only to compare what guests cost (docs/inside/performance.md). */
import { bff, fetchAll, formatDate, get, getJson, json, date, optional, path, readQuery, today } from "../../../bffs/kit-ts/src/index.ts";
const first = (value: unknown): number | null => { const v = (value as readonly unknown[])[0]; return typeof v === "number" ? v : null; };
const PARAMETERS = { date: optional(date, null) };
export const handler = bff([
  get("/{user}", (request, { user }) => {
    const day = formatDate(readQuery(request.query, PARAMETERS).date ?? today());
    const [activity, heart, sleep] = fetchAll(
      getJson("activity", path`/users/${user}/days/${day}`, {}, first, ["/steps"]),
      getJson("heart", path`/users/${user}/days/${day}`, {}, first, ["/latest/bpm"]),
      getJson("sleep", path`/users/${user}/nights/${day}`, {}, first, ["/asleep_minutes"]),
    );
    const of = (part: typeof activity) => (part.kind === "value" ? part.value : null);
    return json({ steps: of(activity), heart: of(heart), sleep: of(sleep) }, [["vary", "accept"], ["cache-control", "private, max-age=30"]]);
  }),
]);

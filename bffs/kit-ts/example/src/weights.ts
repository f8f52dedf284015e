/** The scales that a user stands on: one POST a day, which changes something. */
import {
  badField, bff, fetchAll, handBack, header, json, number, object, path, post, postJson, readJson, string, valueOrProblem,
} from "@tailor/kit";

const weight = object({ kg: number });
const saved = object({ id: string });

export const handler = bff([
  post("/{user}/weights", (request, { user }) => {
    const { kg } = readJson(request, weight);
    if (kg <= 0 || kg > 500) throw badField("/kg", "expected more than 0 and at most 500");
    const key = header(request, "idempotency-key");
    const [made] = fetchAll(postJson("goals", path`/users/${user}/weights`, { kg }, saved, { idempotencyKey: key }));
    if (made.kind === "failed" && made.reply?.status === 409) return handBack(made);
    return json({ id: valueOrProblem(made).id }, [], 201);
  }),
]);

/**
 * The phone's backend, in the web's way: an app of Hono that calls services with `fetch`. README.md
 * says what the phone may rely on.
 */
import { Problem } from "@tailor/kit";
import { Hono } from "hono";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { validator } from "hono/validator";
import { feed } from "./feed.ts";
import { readKey, readRange, readWorkout } from "./read.ts";
import { patience, type Settings } from "./settings.ts";
import { logWorkout } from "./workouts.ts";

const app = new Hono<{ Bindings: Settings }>();

app.get("/:user/feed", etag(), validator("query", readRange), async (c) => {
  const screen = await feed(c.req.param("user"), c.req.valid("query"), patience(c.env));
  // A screen with a gap must not outlive the trouble that made it.
  c.header("cache-control", screen.left_out.length > 0 ? "no-store" : "private, max-age=60");
  return c.json(screen);
});

app.post("/:user/workouts", validator("header", readKey), validator("json", readWorkout), (c) =>
  logWorkout(c.req.param("user"), c.req.valid("json"), c.req.valid("header"), patience(c.env)),
);

app.notFound((c) => {
  throw new Problem(404, `no resource \`${c.req.method} ${c.req.path}\``);
});

// Hono would answer 500 for whatever is thrown. Thrown on, a `Problem` becomes its answer, and a
// fault of this code the host's 502, with its line in the log.
app.onError((error) => {
  throw error instanceof HTTPException ? new Problem(error.status, error.message) : error;
});

export default app;

/** The backend of a bathroom mirror: a greeting, and the goals of a day that are still open. */
import { Hono } from "hono";

interface Goals {
  readonly goals: readonly { readonly title: string; readonly reached: boolean }[];
}

const app = new Hono();

app.get("/:user/goals", async (c) => {
  const user = encodeURIComponent(c.req.param("user"));
  const date = c.req.query("date") ?? new Date().toISOString().slice(0, 10);

  // The host of an address is the name of a service, which the operator granted. Both calls are
  // under way at once. The mirror can do without the name, and waits 300 ms for it.
  const [goals, profile] = await Promise.all([
    fetch(`http://goals/users/${user}/goals?${new URLSearchParams({ date })}`),
    fetch(`http://profile/users/${user}`, { signal: AbortSignal.timeout(300) }).catch(() => undefined),
  ]);
  // Without goals there is no screen: what the service said is what the client gets.
  if (!goals.ok) return goals;
  const all = (await goals.json()) as Goals;
  const { name } = (profile?.ok ? await profile.json() : {}) as { readonly name?: string };

  // The host makes this `no-store` where a part is missing.
  c.header("cache-control", "private, max-age=60");
  return c.json({
    greeting: name === undefined ? "Good morning" : `Good morning, ${name}`,
    open: all.goals.filter((goal) => !goal.reached).map((goal) => goal.title),
  });
});

// What is thrown is thrown on: it is the host that answers, and its log has the line.
app.onError((error) => {
  throw error;
});

export default app;

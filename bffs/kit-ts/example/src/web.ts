/** Steps and sleep of a day in the web's way: what is slow or fails is left out. */
export default {
  async fetch(request: Request): Promise<Response> {
    const [, user = ""] = new URL(request.url).pathname.split("/");
    const [days, night] = await Promise.all([
      fetch(`http://activity/users/${user}/days/2026-01-15`),
      fetch(`http://sleep/users/${user}/nights/2026-01-15`, { signal: AbortSignal.timeout(300) }).catch(() => undefined),
    ]);
    if (!days.ok) return days;
    const { steps } = (await days.json()) as { readonly steps: number };
    const { score = null } = (night?.ok ? await night.json() : {}) as { readonly score?: number };
    return Response.json({ steps, score });
  },
};

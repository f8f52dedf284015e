/** A BFF that makes something of what is personal, and waits in ways of its own. */
export default {
  async fetch(request: Request, env: Readonly<Record<string, string>>): Promise<Response> {
    const url = new URL(request.url);
    const { email } = (await request.json()) as { email: string };
    if (url.searchParams.has("strict") && !email.includes("@")) return new Response(null, { status: 400 });
    const customer = request.headers.get("x-customer") ?? "none";
    const asked = { method: "POST", body: JSON.stringify({ email }), headers: { "x-asked-by": customer } };
    const calls = ["first", "second"].map((name) => fetch(`http://profile/${name}?of=${encodeURIComponent(email)}`, asked));
    const fastest = await Promise.any(calls);
    const { name } = (await fastest.json()) as { name: string };
    await new Promise((done) => setTimeout(done, 2));
    if (url.searchParams.has("throw")) throw new Error(`no page for ${name}`);
    const known = url.searchParams.has("known") && url.hostname === "localhost";
    const init = { status: known ? 404 : 200, headers: { "set-cookie": `sid=${crypto.randomUUID()}` } };
    const page = {
      hello: name.toUpperCase(),
      id: btoa(email),
      token: url.searchParams.get("token"),
      customer,
      key: env["key"] ?? null,
      ticket: crypto.randomUUID(),
      at: Date.now(),
      ms: performance.now(),
    };
    return Response.json(page, init);
  },
};

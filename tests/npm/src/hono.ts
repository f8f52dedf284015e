import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { etag } from "hono/etag";
import { createMiddleware } from "hono/factory";
import { html, raw } from "hono/html";
import { HTTPException } from "hono/http-exception";
import { jwt, sign, verify, type JwtVariables } from "hono/jwt";
import { logger } from "hono/logger";
import { methodOverride } from "hono/method-override";
import { poweredBy } from "hono/powered-by";
import { prettyJSON } from "hono/pretty-json";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { timeout } from "hono/timeout";
import { endTime, setMetric, startTime, timing } from "hono/timing";
import { trimTrailingSlash } from "hono/trailing-slash";
import { validator } from "hono/validator";
import { z } from "zod";

const SECRET = "a secret of thirty-two bytes, at least";
const Walk = z.object({ km: z.number().positive(), at: z.iso.datetime(), tags: z.array(z.string()).optional() });
const Page = z.object({ limit: z.coerce.number().int().max(100).default(20), sort: z.enum(["day", "km"]).optional() });

interface Environment {
  readonly Variables: JwtVariables & { user: string };
}

const named = createMiddleware<Environment>(async (context, next) => {
  context.set("user", context.req.header("x-user") ?? "nobody");
  await next();
  context.header("x-after", "1", { append: true });
});

/** Router, validators, and the middleware that the package has. */
export const app = new Hono<Environment>().basePath("/hono");

app.use("/etag/*", etag()).get("/etag/:name", (context) => context.text(`Hello ${context.req.param("name")} ü`));
app.use("/weak/*", etag({ weak: true })).get("/weak/json", (context) => context.json({ a: 1 }));
app.use("/timing/*", timing({ crossOrigin: true })).get("/timing/:id", async (context) => {
  setMetric(context, "region", "eu");
  setMetric(context, "db", 12.5, "data base");
  startTime(context, "work");
  await new Promise((go) => setTimeout(go, 2));
  endTime(context, "work");
  return context.json({ id: context.req.param("id") });
});
app.use(
  "/cors/*",
  cors({
    origin: (origin) => (origin.endsWith(".example") ? origin : null),
    allowMethods: ["GET", "PUT"],
    allowHeaders: ["x-a"],
    exposeHeaders: ["x-b"],
    maxAge: 600,
    credentials: true,
  }),
);
app.get("/cors/data", (context) => context.json([1]));
app
  .use("/names/*", named)
  .get("/names/who", (context) => context.json({ user: context.get("user"), path: context.req.path, route: context.req.routePath }));

app.get("/router/:kind{[a-z]+}/:id{[0-9]+}", (context) => context.json(context.req.param()));
app.get("/router/optional/:day?", (context) => context.json({ day: context.req.param("day") ?? null }));
app.get("/router/files/*", (context) => context.text(context.req.path));
app.on(["PUT", "PATCH"], ["/router/one", "/router/two"], (context) => context.text(`${context.req.method} ${context.req.path}`));
app.get("/query", (context) =>
  context.json([context.req.query(), context.req.queries("tag"), context.req.query("none") ?? null, context.req.url]),
);
app.get("/headers", (context) =>
  context.json({
    all: context.req.header(),
    one: context.req.header("X-One") ?? null,
    language: accepts(context, { header: "Accept-Language", supports: ["de", "en"], default: "en" }),
  }),
);

app.post("/walks", zValidator("json", Walk), (context) => context.json(context.req.valid("json"), 201, { location: "/walks/1" }));
app.get("/walks", zValidator("query", Page), (context) => context.json(context.req.valid("query")));
app.post("/form", zValidator("form", z.object({ name: z.string().min(2), tags: z.array(z.string()).optional() })), (context) =>
  context.json(context.req.valid("form")),
);
app.post(
  "/own",
  validator("json", (value, context) => (typeof value.km === "number" ? { km: value.km as number } : context.text("no km", 400))),
  (context) => context.json(context.req.valid("json")),
);
app.post("/parsed", async (context) => {
  const body = await context.req.parseBody({ all: true, dot: true });
  return context.json(
    Object.entries(body).map(([name, value]) => [name, value instanceof File ? [value.name, value.type, value.size] : value]),
  );
});
app.post("/echo", async (context) =>
  context.body(await context.req.arrayBuffer(), 200, { "content-type": context.req.header("content-type") ?? "none" }),
);
app.post("/limited", bodyLimit({ maxSize: 16, onError: (context) => context.text("too much", 413) }), async (context) =>
  context.text(await context.req.text()),
);

app.get("/cookies", async (context) => {
  setCookie(context, "plain", "a b;ü", { path: "/", maxAge: 60, sameSite: "Lax" });
  setCookie(context, "host", "1", { prefix: "host", secure: true, path: "/", expires: new Date("2026-02-01T00:00:00Z"), httpOnly: true });
  await setSignedCookie(context, "signed", "ada", SECRET, { partitioned: true, secure: true });
  const gone = deleteCookie(context, "gone");
  return context.json([
    getCookie(context),
    getCookie(context, "theme") ?? null,
    (await getSignedCookie(context, SECRET, "session")) ?? null,
    gone ?? null,
  ]);
});
app.get("/token", async (context) => {
  const now = Math.floor(Date.now() / 1000);
  const token = await sign({ sub: "ada", iat: now, exp: now + 60 }, SECRET, "HS384");
  return context.json([
    token,
    await verify(token, SECRET, "HS384"),
    await verify(token, "another secret", "HS384").catch((error: Error) => error.name),
  ]);
});
app.use("/auth/*", jwt({ secret: SECRET, alg: "HS256" })).get("/auth/me", (context) => context.json(context.get("jwtPayload")));
app.use("/basic/*", basicAuth({ username: "ada", password: "köln" })).get("/basic/me", (context) => context.text("in"));
app.use("/bearer/*", bearerAuth({ token: "t0ken" })).get("/bearer/me", (context) => context.text("in"));
app.use("/csrf/*", csrf({ origin: "https://app.example" })).post("/csrf/form", (context) => context.text("taken"));

app
  .use("/secure/*", secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"] } }), poweredBy())
  .get("/secure/page", (context) => context.html(html`<p>${"<b>"}${raw("<i>")}</p>`));
app.use("/pretty/*", prettyJSON()).get("/pretty/json", (context) => context.json({ a: [1, { b: "ü" }] }));
app.use("/id/*", requestId()).get("/id/mine", (context) => context.text(context.get("requestId")));
app.use("/late/*", timeout(5)).get("/late/:ms", async (context) => {
  await new Promise((go) => setTimeout(go, Number(context.req.param("ms"))));
  return context.text("in time");
});
app
  .use(
    "/logged/*",
    logger(() => undefined),
  )
  .get("/logged/line", (context) => context.text("logged"));
app.use("/override/*", methodOverride({ app, query: "_method" })).delete("/override/it", (context) => context.text("deleted"));
app.use("/slash/*", trimTrailingSlash()).get("/slash/it", (context) => context.text("slash"));

app.get("/answers/:form", (context) => {
  switch (context.req.param("form")) {
    case "redirect":
      return context.redirect("/hono/query?a=b", 303);
    case "none":
      return context.body(null, 204);
    case "bytes":
      return context.body(new Uint8Array([0, 255, 128]).buffer, 200, { "content-type": "application/octet-stream" });
    case "web":
      return new Response("web ü", { headers: { "x-own": "1" } });
    case "blob":
      return new Response(new Blob(["a", "ü"], { type: "text/csv" }));
    case "params":
      return new Response(new URLSearchParams({ a: "b c" }));
    case "status":
      return context.text("teapot", 418);
    default:
      return context.notFound();
  }
});
app.get("/thrown/:kind", (context) => {
  if (context.req.param("kind") === "http") throw new HTTPException(403, { message: "not yours" });
  if (context.req.param("kind") === "answer")
    throw new HTTPException(409, { res: new Response("taken", { status: 409, headers: { "x-why": "twice" } }) });
  throw new RangeError("too far");
});
app.route(
  "/inner",
  new Hono()
    .get("/:id", (context) => context.text(`inner ${context.req.param("id")}`))
    .notFound((context) => context.text("not in there", 404)),
);
app.mount("/mounted", (request: Request) => new Response(`mounted ${new URL(request.url).pathname}`));
app.onError((error, context) =>
  error instanceof HTTPException ? error.getResponse() : context.json({ failed: `${error.name}: ${error.message}` }, 500),
);
app.notFound((context) => context.json({ missing: context.req.path }, 404));

import {
  AutoRouter,
  cors,
  error,
  html,
  json,
  Router,
  status,
  text,
  withContent,
  withCookies,
  withParams,
  type IRequest,
} from "itty-router";

const { preflight, corsify } = cors({
  origin: ["https://app.example"],
  allowMethods: "GET,POST",
  credentials: true,
  maxAge: 600,
  exposeHeaders: "etag",
});
const auth = (request: IRequest): Response | undefined =>
  request.headers.get("authorization") === "Bearer ada" ? undefined : error(401, "who are you?");
const inner = Router({ base: "/itty-router/inner" })
  .get("/:id+", ({ params }) => json(params))
  .all("*", () => error(418, { reason: "a teapot" }));

/** Routes, parameters, middleware, responders, errors and CORS. */
export const router = AutoRouter({
  base: "/itty-router",
  before: [preflight, withCookies],
  catch: (thrown) => error(thrown instanceof RangeError ? 400 : 500, thrown instanceof Error ? thrown.message : "?"),
  missing: ({ url }) => error(404, { missing: new URL(url).pathname }),
  finally: [corsify],
});
router
  .get("/plain", () => text("plain ü"))
  .get("/page", () => html("<b>page</b>", { headers: { "x-page": "1" } }))
  .get("/auto/:id", withParams, ({ id, query, cookies }) => ({ id, query, cookies }))
  .get("/files/:path+", ({ params }) => params)
  .get("/pair/:name.:extension?", ({ params }) => params)
  .post("/content", withContent, ({ content }) => ({ content }))
  .get("/secret", auth, () => "for ada")
  .get("/range", () => {
    throw new RangeError("too far");
  })
  .get("/later", async () => {
    await new Promise((go) => setTimeout(go, 3));
    throw new Error("later");
  })
  .get("/none", () => status(204))
  .delete("/thing/:id", ({ params }) => status(202, { headers: { "x-id": params["id"] ?? "" } }))
  .all("/inner/*", inner.fetch);

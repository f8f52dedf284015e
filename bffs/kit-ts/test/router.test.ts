/** Which route answers, and what the others learn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Method, Request } from "tailor:bff/types@0.1.1";
import { bff, get, Problem, route } from "../src/index.ts";
import { webHandler } from "../src/web-app.ts";
import { call, type Answer } from "../testing/index.ts";
import { shown } from "./helpers.ts";

const handler = bff([
  get("/", () => shown("root")),
  get("/users/me", () => shown("me")),
  get("/users/{user}", (_, params) => shown(params)),
  route("post", "/users/{user}", (request) => shown(request.body)),
  get("/users/{user}/days/{date}", (_, { user, date }) => shown([user, date])),
  get("/teapot", () => {
    throw new Problem(418, "short and stout", { members: { handle: 1 }, headers: [["x-spout", "1"]] });
  }),
]);

function hostRequest(method: Method, path: string): Request {
  const client = { name: "test", host: "localhost" };
  return { id: "test-1", method, path, query: [], headers: [], body: { tag: "none" }, client };
}

function ask(method: string, path: string, body?: unknown): Answer {
  return call(handler, { request: { method, path, body } });
}

test("parameters are decoded and the first route wins", () => {
  assert.equal(ask("GET", "/").json(), "root");
  assert.equal(ask("GET", "/users/me").json(), "me");
  assert.deepEqual(ask("GET", "/users/a%2Fb%20c").json(), { user: "a/b c" });
  assert.deepEqual(ask("GET", "/%75sers/ada/days/2026-01-15").json(), ["ada", "2026-01-15"]);
  assert.equal(ask("HEAD", "/users/ada").status, 200);
  assert.deepEqual(ask("POST", "/users/ada", { a: 1 }).json(), { tag: "text", val: '{"a":1}' });
});

test("the routes are listed for who asks about all", () => {
  const answer = handler.handle(hostRequest("options", "*"));
  const routes = [
    "GET /",
    "GET /users/me",
    "GET /users/{user}",
    "POST /users/{user}",
    "GET /users/{user}/days/{date}",
    "GET /teapot",
  ];
  assert.deepEqual(answer, {
    status: 200,
    headers: [["content-type", "application/json"], ["allow", "GET, HEAD, POST, OPTIONS"]],
    body: { tag: "text", val: JSON.stringify({ routes }) },
  });
});

test("an app of the web lists those that it has, if it has a list", async () => {
  const nothing = (): never => {
    throw new Error("not asked");
  };
  const routes = [
    { method: "ALL", path: "/*" },
    { method: "GET", path: "/:user" },
    { method: "GET", path: "/:user" },
    { method: "POST", path: "/:user{[a-z]+}/days/:date?" },
    { method: "GET", path: "/files/*" },
    { method: "GET", path: "/" },
  ];
  const app = { fetch: nothing, routes };
  const answer = await webHandler(app).handle(hostRequest("options", "*"));
  assert.deepEqual(answer.body, {
    tag: "text",
    val: JSON.stringify({ routes: ["GET /{user}", "POST /{user}/days", "POST /{user}/days/{date}", "GET /"] }),
  });
  const without = await webHandler({ fetch: nothing }).handle(hostRequest("options", "*"));
  assert.equal(without.status, 404);
});

test("other paths are not found, with the request's id", () => {
  for (const path of ["/users", "/users/", "/users//days/x", "/users/%2e%2E", "/users/.", "/x/y", "/users/ada/", "/Users/ada"]) {
    const answer = ask("GET", path);
    assert.equal(answer.status, 404, path);
    assert.deepEqual(answer.json(), {
      type: "about:blank",
      title: "Not Found",
      status: 404,
      detail: "there is nothing at this path",
      request_id: "test-1",
    });
  }
  assert.deepEqual([ask("GET", "/users/%ff").status, ask("GET", "/users/%zz").status], [400, 400]);
});

test("other methods learn which are allowed", () => {
  const refused = ask("DELETE", "/users/ada");
  assert.deepEqual([refused.status, refused.headers["allow"]], [405, "GET, HEAD, POST, OPTIONS"]);
  const asked = ask("OPTIONS", "/");
  assert.deepEqual([asked.status, asked.headers["allow"], asked.text], [204, "GET, HEAD, OPTIONS", ""]);
  assert.equal(ask("OPTIONS", "/nowhere").status, 404);
});

test("a problem is an answer, with its own members and headers, and is not logged", () => {
  const answer = ask("GET", "/teapot");
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(answer.headers["x-spout"], "1");
  const own = { detail: "short and stout", handle: 1, request_id: "test-1" };
  assert.deepEqual(answer.json(), { type: "about:blank", title: "Error", status: 418, ...own });
  assert.deepEqual(answer.log, []);
});

test("a handler that is no function, or a generator, is refused where the route is made", () => {
  const refused = (handler: unknown): unknown => {
    try {
      return get("/x/{y}", handler as never);
    } catch (fault) {
      return String(fault);
    }
  };
  const start = "TypeError: the handler of GET /x/{y} is";
  assert.equal(refused(undefined), `${start} undefined, not a function`);
  assert.equal(refused({ handle: () => shown(1) }), `${start} an object, not a function`);
  assert.equal(refused(function* () { yield shown(1); }), `${start} of the kind GeneratorFunction, which returns no answer`);
});

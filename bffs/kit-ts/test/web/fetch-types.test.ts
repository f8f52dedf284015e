/**
 * `Headers`, `Request` and `Response`, as Node has them. Cases of the kinds of web-platform-tests:
 * fetch/api/headers/headers-basic.any.js, headers-combine.any.js, headers-normalize.any.js,
 * headers-errors.any.js, header-setcookie.any.js, fetch/api/request/request-init-001.sub.html,
 * request-consume.any.js, request-disturbed.any.js, request-error.any.js, request-structure.any.js,
 * fetch/api/response/response-consume.html, response-init-001.any.js, response-init-002.any.js,
 * response-error.any.js, response-clone.any.js, response-static-json.any.js,
 * response-static-redirect.any.js, response-static-error.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as web from "../../src/web/index.ts";
import { kit, node, type Globals } from "./both.ts";
import { same, sameLater } from "./same.ts";

type Scene = (globals: Globals) => unknown;
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

const HEADERS: readonly Scene[] = [
  ...[
    undefined, {}, { A: "1", b: " 2\t", "content-TYPE": "x" }, [["b", "1"], ["a", "2"], ["B", "3"]], [["set-cookie", "a=1"], ["Set-Cookie", "b=2"], ["x", "y"], ["set-cookie", "c"]],
    new Map([["k", "v"]]), { n: 7, t: true, u: undefined, z: null }, [["a"]], [["a", "b", "c"]], ["ab"], { "": "x" }, { "a b": "x" }, { "ä": "x" }, { a: "ä" }, { a: "\u0100" },
    { a: "x\ny" }, { a: "x\0" }, { a: "\r\n x \r\n" }, { a: "" }, null, 7, "text", { "a\n": "x" }, { a: "\x7f\x01" }, [["a", "b"], ["a"]], { "(": "x" }, { __proto__: null, q: "1" },
  ].map((init): Scene => ({ Headers }) => {
    const headers = new Headers(init as web.HeadersInit);
    return [[...headers], headers.getSetCookie()];
  }),
  ({ Headers }) => {
    const headers = new Headers([["a", "1"], ["b", "2"]]);
    headers.append("A", "3");
    headers.set("C", "4");
    headers.set("b", "5");
    headers.delete("c");
    headers.delete("none");
    headers.append("set-cookie", "x=1");
    headers.append("set-cookie", "y=2");
    return [[...headers], headers.get("a"), headers.get("none"), headers.has("B"), headers.has("c"), headers.get("Set-Cookie"), [...headers.keys()], [...headers.values()]];
  },
  ({ Headers }) => {
    const headers = new Headers({ "set-cookie": "a" });
    headers.append("set-cookie", "b");
    headers.set("set-cookie", "c");
    const copy = new Headers(headers);
    copy.append("x", "1");
    headers.append("y", "2");
    return [[...headers], [...copy]];
  },
  ({ Headers }) => {
    const seen: unknown[] = [];
    const headers = new Headers({ b: "1", a: "2" });
    headers.forEach(function (this: unknown, value, name, all) {
      seen.push(value, name, all === headers, this);
    }, "self");
    return seen;
  },
  ({ Headers }) => {
    const headers = new Headers({ b: "1", c: "2" });
    const seen: string[] = [];
    for (const [name] of headers) {
      seen.push(name);
      if (seen.length < 3) headers.set("a", "x");
      headers.delete("c");
    }
    return seen;
  },
  ({ Headers }) => new Headers().get("a b"),
  ({ Headers }) => new Headers().has("ä"),
  ({ Headers }) => new Headers().append("a", "\u2026"),
  ({ Headers }) => new Headers().delete(""),
  ({ Headers }) => Object.prototype.toString.call(new Headers()),
];

const CONSTRUCTORS: readonly Scene[] = [
  ...[200, 204, 199, 600, 599, 304, 205, "201", 200.9, NaN, -1, null].flatMap((status) =>
    [null, "", "x"].map((body): Scene => ({ Response }) => {
      const response = new Response(body, { status: status as number });
      return [response.status, response.ok, response.body === null];
    }),
  ),
  ...["OK", "", "ä", "\u0100", "a\nb", "a\tb", "\x7f"].map((statusText): Scene => ({ Response }) => new Response(null, { statusText }).statusText),
  ({ Response }) => {
    const { type, url, redirected, status, statusText, ok, bodyUsed, body } = new Response();
    return [type, url, redirected, status, statusText, ok, bodyUsed, body];
  },
  ({ Response }) => {
    const { type, status, ok, body } = Response.error();
    return [type, status, ok, body];
  },
  ({ Response }) => [...Response.json({ a: 1 }, { status: 201, headers: { x: "y" } }).headers, Response.json(null).status],
  ({ Response }) => [...Response.json("x", { headers: { "Content-Type": "application/problem+json" } }).headers],
  ({ Response }) => Response.json(undefined),
  ({ Response }) => Response.json(Symbol("x")),
  ({ Response }) => Response.json({}, { status: 204 }),
  ({ Response }) => {
    const redirect = Response.redirect("http://h/a b?ä", 307);
    return [redirect.status, redirect.headers.get("location"), Response.redirect("http://h").status];
  },
  ({ Response }) => Response.redirect("http://h", 200),
  ({ Response }) => Response.redirect("/relative"),
  ({ Response, URL }) => Response.redirect(new URL("http://h/x")).headers.get("location"),
  ...["GET", "get", "Post", "PATCH", "delete", "HEAD", "options", "put", "x-own", "TRACE", "connect", "a b", "", "ä"].map((method): Scene => ({ Request }) => new Request("http://h/", { method }).method),
  ...["http://h", "http://h/a#f", "/relative", "http://u:p@h/", "http://", "foo:bar", "HTTP://H:80/%7e?ä"].map((url): Scene => ({ Request }) => new Request(url).url),
  ({ Request, URL }) => new Request(new URL("http://h/x?y#z")).url,
  ({ Request }) => {
    const { cache, credentials, destination, integrity, keepalive, mode, redirect, bodyUsed, body, duplex } = new Request("http://h");
    return [cache, credentials, destination, integrity, keepalive, mode, redirect, bodyUsed, body, duplex];
  },
  ({ Request }) => {
    const { cache, credentials, integrity, keepalive, redirect } = new Request("http://h", { cache: "no-store", credentials: "omit", integrity: "x", keepalive: true, redirect: "manual" });
    return [cache, credentials, integrity, keepalive, redirect];
  },
  ...["cache", "credentials", "mode", "redirect", "duplex"].map((name): Scene => ({ Request }) => void new Request("http://h", { [name]: "wrong" } as web.RequestInit)),
  ({ Request }) => void new Request("http://h", { cache: "only-if-cached", mode: "cors" }),
  ({ Request }) => void new Request("http://h", { body: "x" }),
  ({ Request }) => void new Request("http://h", { method: "HEAD", body: "" }),
  ({ Request }) => void new Request("http://h", { method: "GET", body: null }),
  ({ Request }) => void new Request("http://h", { signal: {} as web.AbortSignal }),
  ({ Request, ReadableStream }) => void new Request("http://h", { method: "POST", body: new ReadableStream() }),
  ({ Request, AbortController }) => {
    const controller = new AbortController();
    const request = new Request("http://h", { signal: controller.signal });
    const copy = new Request(request);
    const before = request.signal.aborted;
    controller.abort("why");
    return [before, request.signal.aborted, request.signal.reason, copy.signal.aborted, request.signal === controller.signal, new Request("http://h").signal.aborted];
  },
  ({ Request }) => {
    const first = new Request("http://h/x", { method: "POST", body: "text", headers: { a: "1" } });
    const second = new Request(first, { headers: { b: "2" } });
    const third = new Request("http://h", { method: "PUT", body: "more" });
    return [second.method, second.url, [...second.headers], first.bodyUsed, second.bodyUsed, new Request(third, { body: "other" }).method, third.bodyUsed];
  },
  ({ Request }) => {
    const request = new Request("http://h", { method: "POST", body: "x" });
    void request.text();
    return new Request(request).method;
  },
  ({ Response }) => {
    const response = new Response("x");
    void response.text();
    return response.clone().status;
  },
  ...(["Request", "Response", "Blob", "FormData"] as const).map((name): Scene => (globals) => Object.prototype.toString.call(new (globals[name] as new (url?: string) => object)(...(name === "Request" ? ["http://h"] : [])))),
  ({ Request }) => void new (Request as unknown as new () => Request)(),
];

/** What each body is given as. */
const BODIES: readonly ((globals: Globals) => web.BodyInit | null)[] = [
  () => null,
  () => "",
  () => "text ä 😀",
  () => "\ufeffmarked",
  () => "half \ud800",
  () => '{"a":[1,2]}',
  () => bytes(1, 2, 255),
  () => bytes(0xef, 0xbb, 0xbf, 0x61),
  () => bytes(0x61, 0xff).buffer,
  () => new DataView(bytes(1, 2, 3).buffer, 1),
  ({ URLSearchParams }) => new URLSearchParams({ a: "1 2", "ä": "&" }),
  ({ Blob }) => new Blob(["blob ", bytes(0x61)], { type: "text/X" }),
  ({ Blob }) => new Blob(["x"]),
  ({ FormData }) => {
    const form = new FormData();
    form.append("a", "1");
    return form;
  },
  ({ ReadableStream }) => new ReadableStream({ start: (controller) => (controller.enqueue(bytes(0x61)), controller.enqueue(bytes(0xc3)), controller.enqueue(bytes(0xa4)), controller.close()) }),
  ({ ReadableStream }) => new ReadableStream({ start: (controller) => (controller.enqueue("text"), controller.close()) }),
  ({ ReadableStream }) => new ReadableStream({ start: (controller) => controller.error(new RangeError("x")) }),
  () => 7 as unknown as string,
  () => ({}) as unknown as string,
];

/** A text without the boundary of a form, which is made at random. */
function unbound(text: string | undefined | null): string | undefined {
  return text?.replace(/-+formdata-[\w-]+/g, "BOUNDARY").replace("; boundary", ";boundary");
}

/** What is done with it. */
const USES: readonly ((body: web.Response | web.Request) => unknown)[] = [
  async (body) => unbound(await body.text()),
  (body) => body.json(),
  async (body) => unbound(Buffer.from(await body.arrayBuffer()).toString("latin1")),
  async (body) => {
    const blob = await body.blob();
    return [unbound(await blob.text()), blob.type === "" || blob.size < 90, unbound(blob.type)];
  },
  async (body) => [...(await body.formData())],
  async (body) => {
    const before = body.bodyUsed;
    const first = await body.text();
    const after = body.bodyUsed;
    return [before, unbound(first), after, await body.text()];
  },
  async (body) => {
    const copy = body.clone();
    return [unbound(await copy.text()), unbound(await body.text()), copy.headers.get("x")];
  },
  async (body) => {
    const reader = body.body?.getReader();
    const locked = [body.body?.locked, body.bodyUsed];
    const first = await reader?.read();
    return [locked, first?.done, body.bodyUsed, await body.text()];
  },
  async (body) => {
    const chunks: number[] = [];
    for await (const chunk of body.body ?? []) chunks.push(...(chunk as Uint8Array));
    return [unbound(Buffer.from(chunks).toString("latin1")), body.bodyUsed];
  },
  async (body) => {
    const stream = body.body;
    const text = await body.text();
    return [unbound(text), stream?.locked, stream === body.body, body.bodyUsed];
  },
  async (body) => {
    await body.body?.cancel();
    return [body.bodyUsed, await body.text()];
  },
  async (body) => {
    const [one, other] = body.body?.tee() ?? [];
    const read = async (stream: web.ReadableStream | undefined): Promise<unknown> => {
      const all: number[] = [];
      for await (const chunk of stream ?? []) all.push(...(chunk as Uint8Array));
      return unbound(Buffer.from(all).toString("latin1"));
    };
    return [await read(one), await read(other), body.bodyUsed];
  },
  (body) => unbound(body.headers.get("content-type")),
];

test("headers are read, combined, sorted and refused as Node's are", () => same(HEADERS, (scene) => scene(kit), (scene) => scene(node)));

test("requests and responses are made, and refused, as Node's are", () => {
  same(CONSTRUCTORS, (scene) => scene(kit), (scene) => scene(node));
});

test("a method that is not one of the six keeps its case", () => {
  // Node says the same, with a warning on its standard error.
  assert.equal(new web.Request("http://h/", { method: "patch" }).method, "patch");
});

test("bodies give what Node's give, in whatever way they are read", async () => {
  for (const use of USES) {
    const response = (globals: Globals) => async (body: (typeof BODIES)[number]) => use(new globals.Response(body(globals), { headers: { x: "y" } }));
    await sameLater(BODIES, response(kit), response(node));
    const request = (globals: Globals) => async (body: (typeof BODIES)[number]) =>
      use(new globals.Request("http://h", { method: "POST", body: body(globals), duplex: "half", headers: { x: "y" } }));
    await sameLater(BODIES, request(kit), request(node));
  }
});

test("a client's request is only looked at when somebody asks", async () => {
  const untouched = new Proxy([["content-type", "text/plain"]] as const, { get: () => assert.fail("the headers were read") });
  const quiet = web.incomingRequest({ method: "GET", url: "http://h/x", headers: untouched as unknown as web.HeaderList, body: { tag: "none" } });
  assert.deepEqual([quiet.method, quiet.url, quiet.bodyUsed, quiet.body], ["GET", "http://h/x", false, null]);
  const given: web.HeaderList = [["a", "1"], ["a", "2"]];
  const post = web.incomingRequest({ method: "POST", url: "http://h/", headers: given, body: { tag: "text", val: "ä" } });
  assert.deepEqual([...post.headers], [["a", "1, 2"], ["content-length", "2"]]);
  post.headers.set("a", "3");
  assert.deepEqual(given, [["a", "1"], ["a", "2"]]);
  assert.equal(post.headers.get("a"), "3");
  assert.equal(await post.clone().text(), "ä");
  const binary = web.incomingRequest({ method: "POST", url: "http://h/", headers: [], body: { tag: "bytes", val: bytes(1, 2, 3) } });
  assert.equal(binary.headers.get("content-length"), "3");
  assert.deepEqual([...(await binary.bytes())], [1, 2, 3]);
});

test("whole bodies are handed on as they are", async () => {
  const text = "passed on ä";
  assert.deepEqual(web.wholeBodyNow(new web.Response(text)), { tag: "text", val: text });
  assert.deepEqual(web.wholeBodyNow(new web.Response(null)), { tag: "none" });
  assert.deepEqual(web.wholeBodyNow(new web.Response("\ud800")), { tag: "text", val: "\ufffd" });
  assert.deepEqual(web.wholeBodyNow(new web.Response(bytes(1))), { tag: "bytes", val: bytes(1) });
  const stream = web.ReadableStream.from([bytes(1), bytes(2)]);
  const streamed = new web.Response(stream as web.ReadableStream<Uint8Array>);
  assert.equal(web.wholeBodyNow(streamed), undefined);
  assert.deepEqual(await web.wholeBody(streamed), { tag: "bytes", val: bytes(1, 2) });
  const seen = new web.Response(text);
  assert.notEqual(seen.body, null);
  assert.deepEqual(await web.wholeBody(seen), { tag: "text", val: text });
  assert.throws(() => web.wholeBodyNow(seen), TypeError);
  const answer = web.incomingResponse({ status: 404, headers: [["a", "1"]], body: { tag: "text", val: "no" }, url: "http://s/x" });
  assert.deepEqual([answer.status, answer.ok, answer.url, [...answer.headers], await answer.text()], [404, false, "http://s/x", [["a", "1"]], "no"]);
  assert.deepEqual(web.headerList(new web.Headers([["b", "1"], ["A", "2"]])), [["b", "1"], ["a", "2"]]);
});

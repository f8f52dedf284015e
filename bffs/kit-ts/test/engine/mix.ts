/**
 * A BFF whose calls end in all the ways in which a service's policy can end them, and which tells
 * what it got of each: run in a component by the host's tests.
 */
import { fetchAll, start, type Call, type Result } from "tailor:bff/downstream@0.1.1";
import { bff, get, json } from "../../src/index.ts";

function call(service: string, path: string, select: readonly string[] = []): Call {
  return { service, method: "get", path, query: [], headers: [], body: { tag: "none" }, select };
}

function told(result: Result): unknown {
  if (result.tag === "err") return [result.val.kind, result.val.sent, result.val.detail];
  const { status, source, body, selected, headers } = result.val;
  return [status, source, body.tag === "text" ? body.val : body.tag, selected, headers];
}

export const handler = bff([
  get("/warm", () => json(fetchAll(Array.from({ length: 40 }, (_, index) => call("slow", `/${index}`))).length)),
  get("/", () => {
    // Nobody waits for this one.
    start(call("plain", "/unheard"));
    const results = fetchAll([
      call("plain", "/flaky"),
      call("plain", "/gzip"),
      call("plain", "/br", ["/steps"]),
      call("plain", "/same"),
      call("plain", "/same", ["/days/*/steps", "/none"]),
      call("plain", "/missing", ["/steps"]),
      call("plain", "/files/*"),
      call("plain", "/files/a"),
      call("kept", "/new"),
      call("kept", "/old"),
      call("gone", "/"),
      call("lost", "/"),
      call("slow", "/slow"),
      call("unknown", "/"),
    ]);
    return json(results.map(told));
  }),
]);

/**
 * A BFF that answers with what it is given, for the fixtures in test/fixtures: all that read such
 * files, this kit, the kit for Rust and `tailor call`, have to see the same.
 *
 * `?call=/x` makes a call of the service `s` and shows its reply, `?pick=/x` selects from it all of
 * it, `/a` and `/b/1`, and `?raw=/x` answers with its body. `?field=x-a:1` adds a field to the
 * answer.
 */
import { fetchAll, type Call } from "tailor:bff/downstream@0.1.1";
import type { Payload, Request, Response } from "tailor:bff/types@0.1.1";
import { config, json, nowMs, type Handler } from "../../src/index.ts";

const shown = (body: Payload): string | null => (body.tag === "text" ? body.val : null);

function callOf(path: string, select: readonly string[]): Call {
  return { service: "s", method: "get", path, query: [], headers: [], body: { tag: "none" }, select };
}

function answer(request: Request): Response {
  const given = (wanted: string): string[] => request.query.flatMap(([name, value]) => (name === wanted ? [value] : []));
  const fields = given("field").map((pair): [string, string] => [pair.split(":")[0] ?? "", pair.split(":")[1] ?? ""]);
  const [raw] = given("raw");
  if (raw !== undefined) {
    const [result] = fetchAll([callOf(raw, [])]);
    const body = result?.tag === "ok" ? result.val.body : ({ tag: "none" } as const);
    return { status: 200, headers: fields, body };
  }
  const calls = [...given("call").map((path) => callOf(path, [])), ...given("pick").map((path) => callOf(path, ["", "/a", "/b/1"]))];
  const replies = fetchAll(calls).map((result) => {
    if (result.tag === "err") return result.val.kind;
    const { status, headers, body, selected } = result.val;
    return { status, headers, body: shown(body), selected };
  });
  const { method, path, query, headers, body } = request;
  return json({ method, path, query, headers, body: shown(body), tone: config("tone"), now: nowMs(), replies }, fields);
}

export const handler: Handler = { handle: answer };

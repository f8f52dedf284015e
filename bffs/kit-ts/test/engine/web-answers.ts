/**
 * An app whose answers are no `Response`, each with what its log line has to say, and one whose
 * call fails.
 */
import { json } from "../../src/index.ts";

const answers: Readonly<Record<string, readonly [answer: () => unknown, found: string, instead: string]>> = {
  nothing: [() => undefined, "nothing", "Response.json(value)"],
  null: [() => null, "null", "Response.json(value)"],
  text: [() => "steps", "a string", "new Response(body)"],
  bytes: [() => Uint8Array.of(1), "bytes", "new Response(body)"],
  number: [() => 8, "a number", "Response.json(value)"],
  list: [() => [{ steps: 8 }], "an array", "Response.json(value)"],
  object: [() => ({ steps: 8 }), "an object", "Response.json(value)"],
  "of-the-kit": [() => json({ steps: 8 }), "an object", "Response.json(value)"],
  class: [() => Response, "a function", "Response.json(value)"],
};

/** For each path the message of its line. */
export const expected = Object.entries(answers).map(([name, [, found, instead]]) => [
  `/${name}`,
  `TypeError: the answer cannot be sent: fetch() of the default export returns ${found}, not a Response; return ${instead}`,
]);

export default {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "") return Response.json(expected);
    if (name === "call") return fetch("http://sleep/users/ada");
    return answers[name]?.[0]() as Response;
  },
};

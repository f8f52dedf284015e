/**
 * A BFF whose answers are of a form that the engine does not take, each with what its log line has
 * to say.
 */
import type { Response } from "tailor:bff/types@0.1.1";
import { bff, get, json, jsonText, Problem, type Route } from "../../src/index.ts";

const none = { tag: "none" };
const status = "not a whole number from 200 to 599";
const half = "has a lone surrogate, as half an emoji is one";

const answers: Readonly<Record<string, readonly [answer: () => unknown, wrong: string]>> = {
  nothing: [() => undefined, "it is undefined, not an object: the handler returns nothing"],
  null: [() => null, "it is null, not an object"],
  text: [() => "steps", "it is a string, not an object"],
  array: [() => [json(1)], "it is an array, not an object"],
  empty: [() => ({}), `status is undefined, ${status}`],
  "status-text": [() => ({ ...json(1), status: "200" }), `status is a string, ${status}`],
  "status-high": [() => ({ ...json(1), status: 65_736 }), `status is 65736, ${status}`],
  "status-low": [() => json(1, [], 199), `status is 199, ${status}`],
  "status-part": [() => json(1, [], 200.5), `status is 200.5, ${status}`],
  "status-problem": [
    () => {
      throw new Problem(0, "no status");
    },
    `status is 0, ${status}`,
  ],
  "headers-none": [() => ({ status: 200, body: none }), "headers is undefined, not an array"],
  "headers-object": [() => ({ status: 200, headers: { a: "b" }, body: none }), "headers is an object, not an array"],
  "header-text": [() => ({ ...json(1), headers: ["a: b"] }), "headers[0] is a string, not an array of name and value"],
  "header-number": [() => json(1, [["a", "b"], ["x-steps", 8 as never]]), "headers[2][1] is a number, not a string"],
  "header-short": [() => json(1, [["a"] as never]), "headers[1][1] is undefined, not a string"],
  "header-name": [() => json(1, [[null as never, "a"]]), "headers[1][0] is null, not a string"],
  "header-half": [() => json(1, [["a", "\u{1f642}".slice(0, 1)]]), `headers[1][1] ${half}`],
  "body-none": [() => ({ status: 200, headers: [] }), "body is undefined, not an object with a tag"],
  "body-text": [() => ({ status: 200, headers: [], body: "steps" }), "body is a string, not an object with a tag"],
  "body-bare": [() => ({ ...json(1), body: {} }), 'body.tag is undefined, not "none", "text" or "bytes"'],
  "body-json": [() => ({ ...json(1), body: { tag: "json" } }), 'body.tag is another text, not "none", "text" or "bytes"'],
  "body-undefined": [() => jsonText(undefined as never), "body.val is undefined, not a string"],
  "body-number": [() => ({ ...json(1), body: { tag: "text", val: 8 } }), "body.val is a number, not a string"],
  "body-half": [() => jsonText("\u{1f642}".slice(1)), `body.val ${half}`],
  "body-bytes": [() => ({ ...json(1), body: { tag: "bytes", val: "steps" } }), "body.val is a string, not a Uint8Array"],
};

/** For each path the message of its line. */
export const expected = Object.entries(answers).map(([name, [, wrong]]) => [`/${name}`, `TypeError: the answer cannot be sent: ${wrong}`]);

const wrong: readonly Route[] = Object.entries(answers).map(([name, [answer]]) => get(`/${name}`, () => answer() as Response));
const good: Response = { status: 200, headers: [["a", "\u{1f642}"]], body: { tag: "bytes", val: new Uint8Array([0, 255]) } };

export const handler = bff([
  ...wrong,
  get("/", () => json(expected)),
  get("/undefined", () => json(undefined)),
  get("/bytes", () => good),
  get("/none", () => ({ status: 204, headers: [], body: { tag: "none" } })),
]);

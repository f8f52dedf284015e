/**
 * A BFF whose calls of the host are of a form that the engine does not take, each with what its log
 * line has to say.
 */
import { fetch, fetchAll as fetchAllRaw, start as startRaw, waitAny as waitAnyRaw } from "tailor:bff/downstream@0.1.1";
import * as runtime from "tailor:bff/runtime@0.1.0";
import {
  bff, config, deleteJson, get, getJson, json, log, nothing, number, path, postJson, randomBytes, start, waitAny, withProfile,
} from "../../src/index.ts";

const half = "\u{1f642}".slice(0, 1);
const good = { service: "sleep", method: "get", path: "/", query: [], headers: [], body: { tag: "none" }, select: [] };
const wrong = (call: object): never => fetch({ ...good, ...call } as never) as never;

const uses: Readonly<Record<string, readonly [use: () => unknown, message: string]>> = {
  service: [() => wrong({ service: undefined }), "the call cannot be made: service is undefined, not a string"],
  method: [
    () => wrong({ method: "GET" }),
    'the call cannot be made: method is "GET", not one of "get", "head", "post", "put", "patch", "delete", "options"',
  ],
  path: [() => wrong({ path: undefined }), "the call cannot be made: path is undefined, not a string"],
  "path-half": [() => wrong({ path: `/${half}` }), "the call cannot be made: path has a lone surrogate, as half an emoji is one"],
  query: [() => wrong({ query: { date: "2026-01-15" } }), "the call cannot be made: query is an object, not an array"],
  "query-value": [() => wrong({ query: [["days", 3]] }), "the call cannot be made: query[0][1] is a number, not a string"],
  header: [() => wrong({ headers: [["a", "b"], ["c", null]] }), "the call cannot be made: headers[1][1] is null, not a string"],
  body: [() => wrong({ body: "text" }), "the call cannot be made: body is a string, not an object with a tag"],
  "body-json": [
    () => wrong({ body: { tag: "text", val: { a: 1 } } }),
    "the call cannot be made: body.val is an object, not a string",
  ],
  select: [() => wrong({ select: [1] }), "the call cannot be made: select[0] is a number, not a string"],
  timeout: [
    () => wrong({ timeoutMs: 0.5 }),
    "the call cannot be made: timeoutMs is 0.5, not a whole number from 0 to 4294967295",
  ],
  profile: [() => wrong({ profile: 1 }), "the call cannot be made: profile is a number, not a string"],
  nothing: [() => fetch(undefined as never), "the call cannot be made: it is undefined, not an object"],
  several: [
    () => fetchAllRaw([good, { ...good, path: 1 }] as never),
    "the call 1 cannot be made: path is a number, not a string",
  ],
  start: [() => startRaw({ ...good, service: 1 } as never), "the call cannot be started: service is a number, not a string"],
  "wait-any": [() => waitAnyRaw([{}] as never, null), "waitAny: exchanges[0] is an object, not an Exchange"],
  "wait-any-of-the-kit": [() => waitAny([{} as never]), "waitAny: exchanges[0] is undefined, not an Exchange"],
  "wait-any-many": [
    () => waitAny(new Array(1025).fill(start(getJson("sleep", "/", {}, number))) as never),
    "waitAny: 1025 calls at once are more than 1024",
  ],
  "wait-any-limit": [() => waitAny([], "1" as never), "waitAny: limitMs is a string, not a number"],
  "get-json-path": [() => getJson("sleep", undefined as never, {}, number), "getJson: path is undefined, not a string"],
  "get-json-query": [
    () => getJson("sleep", path`/users/${"ada"}`, { days: 3 as never }, number),
    "getJson: query.days is a number, not a string",
  ],
  "get-json-half": [
    () => getJson("sleep", "/", { text: half }, number),
    "getJson: query.text has a lone surrogate, as half an emoji is one",
  ],
  "get-json-select": [() => getJson("sleep", "/", {}, number, [1 as never]), "getJson: select[0] is a number, not a string"],
  "post-json-path": [
    () => postJson("goals", undefined as never, {}, nothing),
    "the call cannot be made: path is undefined, not a string",
  ],
  "post-json-key": [
    () => postJson("goals", "/", {}, nothing, { idempotencyKey: 7 as never }),
    "the call cannot be made: headers[2][1] is a number, not a string",
  ],
  "post-json-query": [
    () => postJson("goals", "/", {}, nothing, { query: { dry: true as never } }),
    "the call cannot be made: query[0][1] is a boolean, not a string",
  ],
  "post-json-select": [
    () => postJson("goals", "/", {}, nothing, { select: "/id" as never }),
    "the call cannot be made: select is a string, not an array",
  ],
  "delete-json-half": [
    () => deleteJson("goals", "/", nothing, { headers: [["if-match", half]] }),
    "the call cannot be made: headers[1][1] has a lone surrogate, as half an emoji is one",
  ],
  "get-json-select-object": [() => getJson("sleep", "/", {}, number, {} as never), "getJson: select is an object, not an array"],
  "random-values": [
    () => crypto.getRandomValues({} as never),
    "crypto.getRandomValues: the array must be one of integers",
  ],
  "random-values-floats": [
    () => crypto.getRandomValues(new Float64Array(1) as never),
    "crypto.getRandomValues: the array must be one of integers",
  ],
  "with-profile": [
    () => withProfile(getJson("sleep", "/", {}, number), 1 as never),
    "withProfile: profile is a number, not a string",
  ],
  log: [() => runtime.log("info", 1 as never, []), "log: message is a number, not a string"],
  "log-level": [() => runtime.log("fatal" as never, "a", []), 'log: level is another text, not "debug", "info", "warn" or "error"'],
  "log-fields": [() => runtime.log("info", "a", [["a", 1 as never]]), "log: fields[0][1] is a number, not a string"],
  "log-of-the-kit": [() => log.info(undefined as never), "log: message is undefined, not a string"],
  config: [() => config(1 as never), "config: key is a number, not a string"],
  "config-raw": [() => runtime.config(1 as never), "config: key is a number, not a string"],
  random: [() => randomBytes(1.5), "randomBytes: length is 1.5, not a whole number from 0 to 65536"],
  "random-raw": [() => runtime.random("16" as never), "random: length is a string, not a whole number from 0 to 65536"],
};

/** For each path the message of its line. */
export const expected = Object.entries(uses).map(([name, [, message]]) => [`/${name}`, `TypeError: ${message}`]);

export const handler = bff([
  ...Object.entries(uses).map(([name, [use]]) => get(`/${name}`, () => json(use()))),
  get("/", () => json(expected)),
]);

/**
 * The form of a fixture's objects: their members, and the values that these take. What one reader
 * of fixtures refuses, all do.
 */
import type { FailureKind } from "tailor:bff/downstream@0.1.1";
import type { Method } from "tailor:bff/types@0.1.1";
import { meaning, membersOf, type Node } from "./json.ts";

/** What a value has to be, and the words for it. */
interface Kind {
  readonly must: string;
  readonly takes: (node: Node) => boolean;
}

const METHODS: Readonly<Record<Uppercase<Method>, true>> = {
  GET: true, HEAD: true, POST: true, PUT: true, PATCH: true, DELETE: true, OPTIONS: true,
};
/** All kinds but one: a call is `invalid` by itself. */
const FAILURES: Readonly<Record<Exclude<FailureKind, "invalid">, true>> = {
  denied: true, exhausted: true, timeout: true, unreachable: true, interrupted: true, overloaded: true, "too-large": true,
  malformed: true, rejected: true,
};

const anything: Kind = { must: "", takes: () => true };
const object: Kind = { must: "an object", takes: ({ kind }) => kind === "object" };
const list: Kind = { must: "an array", takes: ({ kind }) => kind === "array" };
const text: Kind = { must: "a text", takes: (node) => typeof textOf(node) === "string" };
const path: Kind = { must: "a text that begins with `/`", takes: (node) => textOf(node)?.startsWith("/") === true };
const method = oneOf(Object.keys(METHODS));
const failure = oneOf(Object.keys(FAILURES));

/** The members of each object. */
const MEMBERS = {
  fixture: { request: object, config: anything, now: text, seed: whole(0, 0xffff_ffff), client: text, downstreams: list, expect: object, recorded: object },
  request: { method, path, query: anything, headers: anything, body: anything },
  downstream: { service: text, method, path: text, reply: object, failure, "delay-ms": whole(0, 0xffff_ffff) },
  reply: { status: whole(100, 999), headers: anything, json: anything, text },
  expect: { status: whole(0, 0xffff), headers: anything, json: anything, text },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;

/** Those that must be there. */
const NEEDED: { readonly [F in keyof typeof MEMBERS]: readonly string[] } = {
  fixture: ["request", "expect"],
  request: ["path"],
  downstream: ["service", "path"],
  reply: [],
  expect: [],
};

/**
 * Throws unless it is such an object. A member that is not known would make a test that cannot
 * fail, as a misspelt `expect`. Of one that is there twice, readers of JSON do not agree on which
 * counts; and `null` is no way to leave one out.
 */
export function checkForm(at: string, form: keyof typeof MEMBERS, node: Node | undefined): void {
  if (node?.kind !== "object") throw new Error(`${at}: must be an object`);
  const known = new Map<string, Kind>(Object.entries(MEMBERS[form]));
  const members = membersOf(node);
  const names = members.map(([name]) => name);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`${at}: unknown member ${unknown.join(", ")}; known: ${[...known.keys()].join(", ")}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${at}: \`${twice}\` is there twice`);
  const missing = NEEDED[form].find((name) => !names.includes(name));
  if (missing !== undefined) throw new Error(`${at}: \`${missing}\` is missing`);
  for (const [name, value] of members) {
    const kind = known.get(name) ?? anything;
    if (!kind.takes(value)) throw new Error(`${at}: \`${name}\` must be ${kind.must}`);
  }
}

function textOf(node: Node): string | undefined {
  const value: unknown = node.kind === "scalar" ? meaning(node.text) : undefined;
  return typeof value === "string" ? value : undefined;
}

/** A number that is written without a sign, a fraction and an exponent. */
function whole(min: number, max: number): Kind {
  return {
    must: `a whole number from ${min} to ${max}`,
    takes: (node) => node.kind === "scalar" && /^\d+$/.test(node.text) && Number(node.text) >= min && Number(node.text) <= max,
  };
}

function oneOf(words: readonly string[]): Kind {
  return { must: `one of ${words.join(", ")}`, takes: (node) => words.includes(textOf(node) ?? "") };
}

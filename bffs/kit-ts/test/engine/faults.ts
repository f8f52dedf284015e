/** A BFF that throws whatever can be thrown. Its tests look at the log. */
import { fetch } from "tailor:bff/downstream@0.1.1";
import { bff, get, json } from "../../src/index.ts";

/** The deepest one, which the log has to name. */
function parse(): never {
  throw new RangeError("31 is not a month");
}

function wrapped(): never {
  try {
    parse();
  } catch (cause) {
    throw new TypeError("no date", { cause });
  }
}

function several(): never {
  const errors = [new Error("one"), "two", ...Array.from({ length: 5 }, () => new Error("more"))];
  throw new AggregateError(errors, "nothing worked");
}

function call(): never {
  fetch({ service: "sleep", method: "get", path: "/", query: [], headers: [], body: { tag: "none" }, select: [] });
  throw new Error("the call did not fail");
}

function absent(): never {
  Buffer.from("a");
  throw new Error("there is a Buffer");
}

const looped = new Error("in a circle");
looped.cause = looped;

const thrown: Readonly<Record<string, () => unknown>> = {
  text: () => "a text",
  undefined: () => undefined,
  null: () => null,
  number: () => 8,
  symbol: () => Symbol("s"),
  object: () => ({ kind: "failed", reason: "timeout", days: [1], note: "n".repeat(100) }),
  failure: () => ({ kind: "denied", sent: false, detail: 'downstream "heart": not granted' }),
  bare: () => Object.create(null) as unknown,
  getter: () => ({
    get kind(): string {
      throw new Error("never read me");
    },
  }),
  loop: () => looped,
  long: () => new Error(`${"\u{1f642}\n".repeat(20_000)}`, { cause: new Error("c".repeat(5000)) }),
};

const throws: Readonly<Record<string, () => never>> = { cause: wrapped, errors: several, call, absent };

export const handler = bff([
  ...Object.entries(thrown).map(([name, value]) =>
    get(`/${name}`, () => {
      throw value();
    }),
  ),
  ...Object.entries(throws).map(([name, fail]) => get(`/${name}`, () => json(fail()))),
]);

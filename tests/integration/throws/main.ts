// Each route throws. A comment `@name` stands before what the log has to name for `/name`: the
// place of the error, where Node says that it is, with three more exact: a property that is read of
// nothing is named by its own place, an operator by what stands right of it, an error class of
// one's own by its `super`. `@name 1` is the call that led there, `@name 2` the one that led to
// that.
import { bff, get, json, path, type Response } from "@tailor/kit";
import { later, thrown } from "thrower";

type Any = any;

const boom = (): never => { throw /*@expression*/new Error("boom"); };
const nothing = (): Any => undefined;
const day = (): Any => JSON.parse("{}");
const same = <T>(value: T): T => value;
const early: Record<string, Any> = {};

/** Comments before a function
 * of several lines. */
function fail(...given: readonly unknown[]): never {
  if (given.length > 9) return boom();
  throw /*@arguments-of-a-call*/new RangeError(
    `too many:
${given.length}`,
    {
      cause: given,
    },
  );
}

class Screen {
  readonly title: string;
  #parts: Any;
  constructor(title: Any, parts: Any = undefined) {
    this.title = title./*@constructor*/toUpperCase();
    this.#parts = parts;
  }
  get first(): string {
    return this.#parts
      ./*@getter*/length;
  }
  static of(...parts: readonly unknown[]): Screen {
    return /*@constructor 1*/new Screen(undefined, parts);
  }
}

class NoScreen extends Error {
  constructor(name: string) {
    /*@own-error*/super(
      `no screen ${same(name)}`,
    );
  }
}

function* days(): Generator<number> {
  yield 1;
  yield nothing()
    ./*@generator*/number;
}

const routes: Record<string, () => unknown> = {
  expression: () => json(/*@expression 1*/boom()),
  "object-member": () => {
    const read = day() as { heart: { bpm: number } };
    return json({
      steps: 1,
      // Two lines of comment
      // before the member that fails.
      bpm: read.heart./*@object-member*/bpm,
    });
  },
  chain: () =>
    json(
      [1, 2, 3]
        .map((n) => n + 1)
        .filter((n) => n > 1)
        ./*@chain 1*/map((n) => nothing()./*@chain*/x + n),
    ),
  "chain-of-properties": () => day()
    .activity
    ./*@chain-of-properties*/steps
    .today,
  argument: () =>
    json(
      Math.max(
        1,
        nothing()./*@argument*/y,
      ),
    ),
  "arguments-of-a-call": () =>
    /*@arguments-of-a-call 1*/fail(
      same(1),
      { two: same(2) },
      [same(3)],
    ),
  "call-in-a-call": () =>
    same(
      same(
        /*@call-in-a-call 1*/fail(
          same(1),
        ),
      ),
    ),
  template: () => {
    const text = `a
${nothing()./*@template*/z} b`;
    return json(text);
  },
  "template-of-the-kit": () => path`/users/${same("ada")}/days/${nothing()./*@template-of-the-kit*/day}`,
  ternary: () =>
    early["a"] === undefined
      ? json(nothing()./*@ternary*/w)
      : json(null),
  "ternary-condition": () =>
    nothing()./*@ternary-condition*/w
      ? 1
      : 2,
  constructor: () => Screen./*@constructor 2*/of(same(1), same(2)),
  getter: () => new Screen("a")./*@getter 1*/first,
  "own-error": () => {
    const name = same("sleep");
    throw /*@own-error 1*/new NoScreen(
      name,
    );
  },
  generator: () => [
    same(0),
    ...days(),
  ],
  "thrown-later": () => {
    const fault = /*@thrown-later*/new Error("made here");
    same(fault);
    throw fault;
  },
  "not-a-function": () => {
    const screen = same(early);
    return screen./*@not-a-function*/render(same(1));
  },
  "not-defined": () => {
    same(1);
    return /*@not-defined*/notThere + 1;
  },
  "not-yet": () => {
    const read = () => /*@not-yet*/value;
    read();
    const value = same(1);
    return value;
  },
  "read-only": () => {
    const frozen: Any = Object.freeze({ steps: 1 });
    frozen./*@read-only*/steps = same(2);
  },
  "set-of-nothing": () => {
    const read = day();
    read.heart./*@set-of-nothing*/bpm = same(60);
  },
  destructuring: () => {
    const read = same(nothing());
    const { /*@destructuring*/steps } = read;
    return steps;
  },
  "destructuring-of-a-parameter": () => {
    const steps = ({ /*@destructuring-of-a-parameter*/count }: Any) => count;
    return steps(nothing());
  },
  native: () => {
    const text = same("{");
    return json(
      JSON./*@native*/parse(
        text,
      ),
    );
  },
  "callback-of-sort": () => [3, 1, 2].sort((one, other) =>
    one - other
      + nothing()./*@callback-of-sort*/order),
  "default-value": () => {
    const steps = (
      of = nothing()./*@default-value*/steps,
    ) => of;
    return steps();
  },
  "loop-head": () => {
    let sum = 0;
    for (
      let index = 0;
      index < nothing()./*@loop-head*/length;
      index += 1
    ) sum += index;
    return sum;
  },
  "loop-body": () => {
    const seen: Any[] = [];
    for (const each of [1, 2]) {
      seen.push(each);
      same(each);
      nothing()./*@loop-body*/push(each);
    }
    return seen;
  },
  "switch-case": () => {
    switch (same(2)) {
      case 1:
        return 1;
      case nothing()./*@switch-case*/two:
        return 2;
    }
    return 3;
  },
  finally: () => {
    try {
      same(1);
    } finally {
      nothing()./*@finally*/close();
    }
  },
  rethrown: () => {
    try {
      return nothing()./*@rethrown*/inner;
    } catch (thrown) {
      same(1);
      throw thrown;
    }
  },
  operator: () => same(1n) as Any
    + /*@operator*/same(1),
  "computed-property": () => day()
    .heart[/*@computed-property*/same("bpm")],
  "optional-chain": () => day()
    .heart
    ?.bpm.first
    ?? nothing()./*@optional-chain*/first,
  "a-string": () => nothing()
    ./*@a-string*/length,
  package: () => /*@package 3*/thrown(same(1)),
  "package-callback": () => later(() => nothing()./*@package-callback*/x),
};

declare const notThere: number;

export const handler = bff(
  Object.entries(routes).map(([name, make]) =>
    get(`/${name}`, (): Response => json(make()))),
);

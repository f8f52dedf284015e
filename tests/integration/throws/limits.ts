// Each route goes past a limit. A comment `@name` stands in the line that the log has to name first for `/name`.
import { bff, get, json, readDocument } from "@tailor/kit";

type Any = any;

function walk(node: Any, depth = 0): number {
  return /*@recursion*/walk(node, depth + 1) + 1;
}

class Node {
  get next(): Any {
    return this./*@recursion-of-a-getter*/next;
  }
  constructor(deep = false) {
    if (deep) /*@recursion-of-a-constructor*/new Node(deep);
  }
}

/*@loop*/function spin(): number {
  let steps = 0;
  for (;;) steps += 1;
}

const nested = (depth: number): Any => {
  let value: Any = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
};

const routes: Record<string, () => unknown> = {
  recursion: () => walk({}),
  "recursion-of-a-getter": () => new Node().next,
  "recursion-of-a-constructor": () => new Node(true),
  "recursion-in-map": () => {
    const again = (): Any => [1]./*@recursion-in-map*/map(() => again());
    return again();
  },
  "recursion-in-sort": () => {
    const again = (): Any => [2, 1]./*@recursion-in-sort*/sort(() => again());
    return again();
  },
  "recursion-in-replace": () => {
    const again = (): string => "a"./*@recursion-in-replace*/replace(/a/, () => again());
    return again();
  },
  "recursion-in-json": () => {
    const value: Any = { toJSON: () => JSON./*@recursion-in-json*/stringify(value) };
    return JSON.stringify(value);
  },
  "recursion-of-a-proxy": () => {
    const all: Any = new Proxy({}, { get: (_target, name) => /*@recursion-of-a-proxy*/all[name] });
    return all.steps;
  },
  "recursion-of-a-generator": () => {
    function* again(): Any {
      yield* /*@recursion-of-a-generator*/again();
    }
    return [...again()];
  },
  "recursion-of-arguments": () => {
    const again = (...given: Any[]): Any => /*@recursion-of-arguments*/again(...given, 1);
    return again();
  },
  "recursion-of-a-text": () => {
    const value: Any = { toString: () => `${/*@recursion-of-a-text*/value}` };
    return `${value}`;
  },
  "deep-json": () => JSON.stringify(nested(100_000)),
  "deep-text": () => JSON.parse("[".repeat(100_000)),
  loop: () => spin(),
  "loop-of-calls": () => {
    for (;;) {
      [1, 2, 3]./*@loop-of-calls*/map((each) => each + 1);
    }
  },
  "loop-that-catches": () => {
    for (;;) {
      try {
        /*@loop-that-catches*/JSON.stringify([1]);
      } catch {
        // Goes on.
      }
    }
  },
  pattern: () => /^(a+)+$/./*@pattern*/test(`${"a".repeat(40)}b`),
  memory: () => {
    const all: Any[] = [];
    for (;;) all.push(/*@memory*/new Uint8Array(1 << 20));
  },
  "memory-of-lists": () => {
    const all: Any[] = [];
    for (;;) /*@memory-of-lists*/all.push(new Array(100_000).fill(all.length));
  },
  "memory-of-texts": () => {
    const all: string[] = [];
    for (;;) all.push("x"./*@memory-of-texts*/repeat(1 << 20));
  },
};

/** What the kit makes of lists within each other, as a service may answer them. */
const answered = (levels: number): unknown => {
  const body = { tag: "text", val: `${"[".repeat(levels)}1${"]".repeat(levels)}` } as const;
  const found = readDocument({ status: 200, headers: [], body, selected: [], source: "live" }, (value) => value);
  return found.kind === "value" ? found.value : found.kind;
};

export const handler = bff([
  ...Object.entries(routes).map(([name, use]) => get(`/${name}`, () => json(use()))),
  get("/good", () => json(1)),
  get("/levels/{levels}", (_request, { levels }) => json(answered(Number(levels)))),
  get("/depth", () => {
    const deeper = (depth: number): number => {
      try {
        return deeper(depth + 1);
      } catch {
        return depth;
      }
    };
    return json(deeper(0));
  }),
]);

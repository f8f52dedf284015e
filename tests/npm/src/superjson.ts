import superjson, { SuperJSON } from "superjson";

class Steps {
  readonly count: number;
  constructor(count: number) {
    this.count = count;
  }
  get km(): number {
    return this.count * 0.0007;
  }
}
superjson.registerClass(Steps, { identifier: "steps" });
superjson.registerCustom<RegExp, string>(
  {
    isApplicable: (value): value is RegExp => value instanceof RegExp && value.flags === "v",
    serialize: ({ source }) => source,
    deserialize: (source) => new RegExp(source, "v"),
  },
  "sets",
);

const shared = { name: "Ada" };
const VALUE = {
  at: new Date("2026-01-15T12:00:00Z"),
  big: 2n ** 70n,
  map: new Map<unknown, unknown>([
    ["a", new Date(0)],
    [1, { deep: undefined }],
  ]),
  set: new Set([1, NaN]),
  none: undefined,
  numbers: [NaN, -Infinity, -0],
  pattern: /^a+$/gi,
  url: new URL("https://tailor.example/a?b=c"),
  error: new RangeError("too far"),
  bytes: new Uint8Array([1, 255]),
  steps: new Steps(8423),
  twice: [shared, shared],
  "with.dot": { "in\\it": new Date(1) },
};

/** Dates, maps, sets, numbers, classes and shared objects, there and back. */
export function superJson(): unknown {
  const text = superjson.stringify(VALUE);
  const back = superjson.parse<typeof VALUE>(text);
  const own = new SuperJSON({ dedupe: true });
  own.allowErrorProps("code");
  return {
    text,
    parts: superjson.serialize(VALUE),
    back: [
      back.at,
      back.big.toString(),
      [...back.map],
      [...back.set].map(String),
      "none" in back,
      back.numbers.map((number) => Object.is(number, -0)),
      back.pattern.test("AAA"),
      back.url.host,
      back.error instanceof Error,
      back.error.message,
      Array.from(back.bytes),
      back.steps.km,
      back.twice[0] === back.twice[1],
    ],
    again: superjson.stringify(back) === text,
    own: own.serialize({ twice: VALUE.twice, error: Object.assign(new Error("failed"), { code: 7, other: 8 }) }),
  };
}

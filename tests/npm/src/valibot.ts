import * as v from "valibot";
import { thrown } from "./thrown.ts";

const Unit = v.picklist(["metric", "imperial"]);
const User = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(2)),
  email: v.pipe(v.string(), v.email()),
  age: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  born: v.pipe(
    v.string(),
    v.isoDate(),
    v.transform((text) => new Date(text)),
  ),
  unit: v.fallback(Unit, "metric"),
  tags: v.pipe(
    v.array(v.string()),
    v.maxLength(3),
    v.mapItems((tag) => tag.toUpperCase()),
  ),
});
const Event = v.variant("kind", [
  v.object({ kind: v.literal("run"), km: v.number() }),
  v.strictObject({ kind: v.literal("sleep"), hours: v.tuple([v.number(), v.number()]) }),
]);
const ADA = { name: " Ada ", email: "ada@example.org", born: "1815-12-10", unit: "miles", tags: ["math"] };

/** Parsing, issues, variants, pipes, and checks that wait. */
export async function valibot(): Promise<unknown> {
  const wrong = v.safeParse(User, { name: "A", email: 7, age: 1.5, born: "soon", tags: ["a", 1] });
  const issues = wrong.success ? [] : wrong.issues.map((issue) => [issue.kind, issue.type, v.getDotPath(issue), issue.message]);
  const free = v.pipeAsync(
    v.string(),
    v.checkAsync(async (name) => (await Promise.resolve(name)) !== "ada", "is taken"),
  );
  const taken = await v.safeParseAsync(free, "ada");
  return {
    parsed: v.parse(User, ADA),
    issues,
    flat: wrong.success ? null : v.flatten(wrong.issues),
    is: [v.is(Unit, "metric"), v.is(Unit, "feet")],
    events: [v.parse(Event, { kind: "sleep", hours: [7, 8] }), await thrown(() => v.parse(Event, { kind: "sleep", hours: [7], more: 1 }))],
    async: [await v.parseAsync(free, "bob"), taken.success ? null : taken.issues[0].message],
    shapes: [
      v.parse(v.partial(v.pick(User, ["name"])), {}),
      Object.keys(v.omit(User, ["tags"]).entries),
      v.getDefaults(v.object({ a: v.optional(v.string(), "b") })),
    ],
    union: v.safeParse(v.union([v.string(), v.number()]), null).issues?.[0].message,
    record: v.parse(v.record(v.string(), v.pipe(v.unknown(), v.transform(Number), v.number())), { a: "1", b: true }),
    formats: [v.uuid(), v.ipv4(), v.ipv6(), v.url(), v.base64(), v.isoTimestamp(), v.hexColor()].map((format) =>
      ["192.0.2.7", "http://a.example/", "aGVsbG8=", "#ffcc00"].map((text) =>
        v.is(
          v.pipe(
            v.string(),
            v.check((given) => format["~run"]({ typed: true, value: given }, {}).issues === undefined),
          ),
          text,
        ),
      ),
    ),
    narrowed: v.is(v.nullish(v.instance(Date)), new Date(0)),
    branded: v.parse(v.pipe(v.string(), v.regex(/^\d+$/), v.decimal(), v.brand("steps")), "12"),
  };
}

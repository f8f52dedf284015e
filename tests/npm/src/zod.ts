import { z } from "zod";
import { thrown } from "./thrown.ts";

const Unit = z.enum(["metric", "imperial"]);
const User = z.object({
  name: z.string().trim().min(2),
  email: z.email(),
  age: z.number().int().positive().optional(),
  born: z.coerce.date(),
  unit: Unit.default("metric"),
  tags: z.array(z.string().max(8)).max(3),
  home: z.url().nullable(),
});
const Event = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("run"), km: z.number().multipleOf(0.5) }),
  z.object({ kind: z.literal("sleep"), hours: z.tuple([z.number(), z.number()]) }),
]);
interface Tree {
  readonly name: string;
  readonly parts: readonly Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), parts: z.array(Tree) }));
const Range = z
  .object({ from: z.iso.date(), to: z.iso.date() })
  .refine(({ from, to }) => from <= to, { error: "ends before it begins", path: ["to"] });
const ADA = { name: "  Ada ", email: "ada@example.org", born: "1815-12-10", tags: ["math"], home: null, extra: 1 };
const WRONG = { name: "A", email: "ada", age: -1.5, born: "soon", unit: "miles", tags: ["a", "much-too-long", 1, "d"], home: "no url" };

/** Parsing, issues, unions, transforms, refinements, schemas of schemas. */
export async function zod(): Promise<unknown> {
  const wrong = User.safeParse(WRONG);
  const Steps = z.string().regex(/^\d+$/).transform(Number).pipe(z.number().max(100_000)).brand<"steps">();
  const later = z.string().refine(async (text) => (await Promise.resolve(text.length)) > 3, "too short");
  return {
    parsed: User.parse(ADA),
    issues: wrong.error?.issues,
    flat: wrong.error === undefined ? null : z.flattenError(wrong.error),
    tree: wrong.error === undefined ? null : z.treeifyError(wrong.error),
    pretty: wrong.error === undefined ? null : z.prettifyError(wrong.error),
    thrown: await thrown(() => Unit.parse("feet")),
    events: [Event.parse({ kind: "run", km: 7.5 }), Event.safeParse({ kind: "swim" }).error?.issues],
    lazy: [Tree.parse({ name: "a", parts: [{ name: "b", parts: [] }] }), Tree.safeParse({ name: "a", parts: [{ name: 1 }] }).error?.issues],
    refined: Range.safeParse({ from: "2026-02-01", to: "2026-01-01" }).error?.issues,
    piped: [Steps.parse("8423"), Steps.safeParse("8k").success, Steps.safeParse("200000").error?.issues],
    async: [await later.safeParseAsync("abcd"), (await later.safeParseAsync("abc")).error?.issues],
    coerced: [z.coerce.number().parse("7"), z.coerce.boolean().parse(""), z.coerce.bigint().parse("9007199254740993").toString()],
    shapes: [
      User.pick({ name: true }).keyof().options,
      User.partial().parse({}),
      User.omit({ email: true }).strict().safeParse(ADA).error?.issues,
    ],
    records: [
      z.record(z.string(), z.number()).parse({ a: 1 }),
      [...z.map(z.string(), z.date()).parse(new Map([["a", new Date(0)]]))],
      z
        .set(z.number())
        .min(2)
        .safeParse(new Set([1])).error?.issues,
    ],
    formats: [z.uuid(), z.ipv4(), z.ipv6(), z.base64(), z.jwt(), z.iso.datetime({ offset: true }), z.e164(), z.cuid2(), z.emoji()].map(
      (schema) =>
        [
          "0190a5d6-7b5c-7c3e-8f00-0123456789ab",
          "192.0.2.7",
          "2001:db8::7",
          "aGVsbG8=",
          "2026-01-15T12:00:00+01:00",
          "+491701234567",
          "😀",
        ].map((text) => schema.safeParse(text).success),
    ),
    schema: z.toJSONSchema(z.object({ name: z.string().min(2).describe("first"), age: z.number().int().optional(), unit: Unit })),
    template: z.templateLiteral([z.number(), z.enum(["px", "em"])]).safeParse("12pt").success,
  };
}

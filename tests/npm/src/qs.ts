import qs from "qs";
import { thrown } from "./thrown.ts";

const DEEP = { user: { name: "Ada & Co", tags: ["a", "ü", "😀"] }, at: new Date(0), none: null, empty: "", missing: undefined, on: true };

/** Reading and writing, in all formats of lists. */
export async function query(): Promise<unknown> {
  return {
    read: [
      qs.parse("a[b][c]=1&a[b][d]=2&l[]=x&l[]=y&l[3]=z"),
      qs.parse("?a.b=1&c=%C3%BC&d=e+f", { ignoreQueryPrefix: true, allowDots: true }),
      qs.parse("a=1&a=2&b", { strictNullHandling: true }),
      qs.parse("a=1,2,3", { comma: true }),
      qs.parse("a;b=1", { delimiter: ";" }),
      qs.parse("a[b][c][d][e][f][g][h]=1", { depth: 2 }),
      qs.parse("a%5B0%5D=1&utf8=%E2%9C%93", { charsetSentinel: true }),
      qs.parse("a=%E4", { charset: "iso-8859-1" }),
      qs.parse("a=1&b=x", { decoder: (text, decode) => (/^\d+$/.test(text) ? Number(text) : decode(text)) }),
      qs.parse("__proto__[x]=1&toString=2"),
    ],
    written: [
      qs.stringify(DEEP),
      ...(["indices", "brackets", "repeat", "comma"] as const).map((arrayFormat) =>
        qs.stringify(DEEP, { arrayFormat, encodeValuesOnly: true }),
      ),
      qs.stringify(DEEP, { skipNulls: true, allowDots: true, addQueryPrefix: true, format: "RFC1738" }),
      qs.stringify({ a: "ä" }, { charset: "iso-8859-1" }),
      qs.stringify({ b: 1, a: 2 }, { sort: (one, other) => (one < other ? -1 : 1), encode: false }),
      qs.stringify(DEEP, { filter: ["user", "name"], serializeDate: (date) => String(date.getTime()) }),
    ],
    again: qs.parse(qs.stringify(DEEP)),
    thrown: await thrown(() => qs.parse("a=1&b=2&c=3", { parameterLimit: 2, throwOnLimitExceeded: true })),
  };
}

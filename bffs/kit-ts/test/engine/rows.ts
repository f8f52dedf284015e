/** Rows that the engine writes from columns, beside its own JSON of the same rows. */
import { rowWriter, string, number, boolean, tabulated } from "../../src/index.ts";

const TEXTS = ["plain", "", ",", '","', '"', "\\", '\\",', "],[", "\n\u0000\u001f\u007f", "\u2028", "\ud83d", "\ude00", "\u{1f642}", "null", "\u00e9", null];
const NUMBERS = [0, -0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 2 ** 53, 4294967295, NaN, Infinity, -Infinity, null];

const half = tabulated((value) => value / 2, 10);
const write = rowWriter({ '"\u2028,': string, ["__proto__"]: number, constructor: boolean, "\ud83d": half });

/** Those whose text is another one. */
export function differences(): readonly string[] {
  const found: string[] = [];
  for (const text of TEXTS) {
    for (const value of NUMBERS) {
      const columns = { '"\u2028,': ["a", text], ["__proto__"]: [7, value], constructor: [true, null], "\ud83d": [3, 11] };
      const of = (name: string, given: unknown): unknown => (name === "\ud83d" ? (given as number) / 2 : given);
      const rows = [0, 1].map((row) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, of(name, column[row])])));
      if (write(columns) !== JSON.stringify(rows)) found.push(JSON.stringify([text, value]));
    }
  }
  return found;
}

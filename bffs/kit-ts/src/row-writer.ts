/**
 * Tables as JSON text. A row as an object costs the engine each name and value when it is made, and
 * again when it is written. Here a function for the members of one table is made once, when the
 * component is built, and puts the text together from the columns.
 */
import { boolean, number, string, type Decoder } from "./json.ts";

/** A value without members. */
type Scalar = string | number | boolean | null;

/** A function with its values for small whole numbers as JSON. Made by `tabulated`. */
export interface Tabulated {
  readonly of: (value: number) => Scalar;
  readonly texts: readonly string[];
}

/** How the values of a column are written: as they are, or as a tabulated function has them. */
export type Cell<T> = Decoder<T> | (T extends number ? Tabulated : never);

/** Columns of one length. `null` where a row has no value. */
export type Table<T> = { readonly [K in keyof T]: readonly (T[K] | null)[] };

/**
 * A cell for `rowWriter` that writes `of(value)`. The texts for 0 to `most` are made here: at
 * module level that is when the component is built.
 */
export function tabulated(of: (value: number) => Scalar, most: number): Tabulated {
  return { of, texts: Array.from({ length: most + 1 }, (_, value) => JSON.stringify(of(value))) };
}

/**
 * Makes a function that writes columns as the JSON of their rows: `rowWriter({ date: string, steps:
 * number })` makes `[{"date":"2026-01-15","steps":8423}]` of `{ date: ["2026-01-15"], steps: [8423]
 * }`, byte for byte what `JSON.stringify` makes of the rows. Make it at module level.
 */
export function rowWriter<T extends { readonly [K in keyof T]: string | number | boolean }>(
  cells: { readonly [K in keyof T]: Cell<T[K]> },
): (columns: Table<T>) => string {
  const names = Object.keys(cells);
  const list = Object.values<unknown>(cells) as Cells;
  const unknown = list.findIndex((cell) => typeof cell === "function" && !AS_THEY_ARE.includes(cell));
  if (unknown >= 0) throw new TypeError(`rowWriter: ${names[unknown]} is neither string, number nor boolean, nor tabulated`);
  if (names.length === 0) throw new TypeError("rowWriter: a row without members");
  // Its text has nothing of others in it but names, as texts of JSON.
  const made = new Function("cells", "jsonOf", "oneOf", sourceOf(names, list)) as (...given: unknown[]) => Write;
  const write = made(list, jsonOf, oneOf);
  return (columns) => {
    const rows = lengthOf(names, columns);
    return rows === 0 ? "[]" : (write(columns, rows) ?? slowly(names, list, columns, rows));
  };
}

type Columns = Readonly<Record<string, readonly unknown[]>>;
type Cells = readonly (Decoder<unknown> | Tabulated)[];
/** Gives nothing when a value is none of its cell. */
type Write = (columns: Columns, rows: number) => string | undefined;

const AS_THEY_ARE: readonly unknown[] = [string, number, boolean];

/**
 * The function's text. A zero stays one as long as it is multiplied by what JSON writes as
 * JavaScript does: that is cheaper in the engine than a look at each value's type.
 */
function sourceOf(names: readonly string[], cells: Cells): string {
  const columns: string[] = [];
  const factors: string[] = [];
  const parts: string[] = [];
  cells.forEach((cell, index) => {
    const name = JSON.stringify(names[index]);
    const column = `columns[${name}]`;
    const value = `c${index}[row]`;
    parts.push(JSON.stringify(`${index === 0 ? "{" : ","}${name}:`));
    if (typeof cell !== "function") {
      columns.push(`c${index} = ${column}, t${index} = cells[${index}].texts`);
      parts.push(`t${index}[${value}] ?? oneOf(cells[${index}], ${value})`);
    } else if (cell === string) {
      columns.push(`c${index} = jsonOf(${column})`);
      parts.push(value);
    } else {
      columns.push(`c${index} = ${column}`);
      factors.push(value);
      parts.push(`${value} ?? "null"`);
    }
  });
  return `return (columns, rows) => {
    const ${columns.join(", ")};
    const parts = ["["];
    let zero = 0;
    for (let row = 0; row < rows; row += 1) {
      zero = ${["zero", ...factors].join(" * ")};
      parts.push(${parts.join(", ")}, "},");
    }
    if (zero !== 0) return undefined;
    parts[parts.length - 1] = "}]";
    return parts.join("");
  };`;
}

/** The JSON of each value. */
function jsonOf(column: readonly unknown[]): readonly string[] {
  const texts = JSON.stringify(column).slice(1, -1).split(",");
  // No more commas than between the values: none is inside of one.
  if (texts.length === column.length) return texts;
  return column.map((value) => JSON.stringify(value));
}

/** The JSON of a value past those that are kept. */
function oneOf({ of }: Tabulated, value: unknown): string {
  return value === null ? "null" : JSON.stringify(of(value as number));
}

/** The same by the language's own way, for numbers that JSON does not have. */
function slowly(names: readonly string[], cells: Cells, columns: Columns, rows: number): string {
  const valueOf = (name: string, cell: Cells[number] | undefined, row: number): unknown => {
    const value = columns[name]?.[row];
    return typeof cell === "object" && value !== null ? cell.of(value as number) : value;
  };
  const row = (_: unknown, at: number): object => Object.fromEntries(names.map((name, index) => [name, valueOf(name, cells[index], at)]));
  return JSON.stringify(Array.from({ length: rows }, row));
}

function lengthOf(names: readonly string[], columns: Columns): number {
  const first = names[0] as string;
  const { length } = columns[first] as readonly unknown[];
  for (let index = 1; index < names.length; index += 1) {
    const other = (columns[names[index] as string] as readonly unknown[]).length;
    if (other !== length) throw new RangeError(`the columns are not of one length: ${first} has ${length} values, ${names[index]} has ${other}`);
  }
  return length;
}

/**
 * Tables: the columns of a list, picked by the host. A list of rows costs the engine each name in
 * each row; of columns it parses one array each.
 */
import { array, DecodeError, type Decoder } from "./json.ts";
import type { Table } from "./row-writer.ts";

/** How a table is asked for and read. Made by `columns`. */
export interface Columns<T> {
  /** The pointers, for `getJson`. */
  readonly select: readonly string[];
  /** Reads what they pick: each member as the array of its values, all of one length. */
  readonly decode: Decoder<{ readonly [K in keyof T]: readonly T[K][] }>;
  /**
   * The table with one row for each of `keys` in their order, by the column `name`: `null` where it
   * has no such row, and in all rows where there is no table. Of two rows with one key it has the
   * last.
   */
  readonly align: <K extends keyof T>(
    name: K,
    keys: readonly T[K][],
    table: { readonly [K in keyof T]: readonly T[K][] } | undefined,
  ) => Table<T>;
}

/**
 * The columns of the list at the JSON pointer `list`: `columns("/days", { date: string, steps:
 * number })`, then `getJson(.., days.decode, days.select)`. A member that a row does not have is
 * `null`, which `nullable` reads.
 */
export function columns<T>(list: string, members: { readonly [K in keyof T]: Decoder<T[K]> }): Columns<T> {
  const names = Object.keys(members);
  const readers = Object.values<Decoder<unknown>>(members).map(array);
  const tokens = names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return {
    select: tokens.map((token) => `${list}/*${token}`),
    decode: (value) => {
      const picked = value as readonly unknown[];
      const read: Record<string, unknown> = {};
      let index = 0;
      try {
        for (; index < names.length; index += 1) {
          // Where there is no list, the host picks nothing.
          read[names[index] as string] = (readers[index] as Decoder<unknown>)(picked[index] ?? undefined);
        }
      } catch (fault) {
        throw fault instanceof DecodeError ? inDocument(fault, list, tokens[index] as string) : fault;
      }
      // Every member of T has just been read by the decoder of its type.
      return read as { readonly [K in keyof T]: readonly T[K][] };
    },
    align: (name, keys, table) => {
      if (table === undefined) return alike<T>(names, keys.map(() => null));
      return isSame(table[name], keys) ? table : aligned(names, table, table[name], keys);
    },
  };
}

function alike<T>(names: readonly string[], column: readonly null[]): Table<T> {
  return Object.fromEntries(names.map((name) => [name, column])) as unknown as Table<T>;
}

/** Most services have a row for each key. */
function isSame(found: readonly unknown[], keys: readonly unknown[]): boolean {
  const { length } = keys;
  let row = 0;
  while (row < length && found[row] === keys[row]) row += 1;
  return row === length && found.length === length;
}

function aligned<T>(names: readonly string[], table: Table<T>, found: readonly unknown[], keys: readonly unknown[]): Table<T> {
  const rowOf = new Map(found.map((key, row) => [key, row]));
  const rows = keys.map((key) => rowOf.get(key) ?? -1);
  const columns = names.map((name) => {
    const column = table[name as keyof T];
    return [name, rows.map((row) => column[row] ?? null)];
  });
  return Object.fromEntries(columns) as Table<T>;
}

/** The fault of a column at the place that its value has in the document. */
function inDocument({ what, at }: DecodeError, list: string, token: string): DecodeError {
  const [, row, rest] = /^(\/\d+)(.*)$/s.exec(at) ?? [];
  return new DecodeError(what, row === undefined ? list : `${list}${row}${token}${rest}`);
}

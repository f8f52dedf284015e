/** What `select` picks: values by their pointers, and columns of lists by the token `*`. */
import { compact, member, type Node } from "./json.ts";

const INDEX = /^(0|[1-9]\d*)$/;

/** Why the host would refuse these pointers: what `*` may not stand beside. */
export function illegalColumns(pointers: readonly string[]): string | undefined {
  const tokens = pointers.map((pointer) => pointer.split("/"));
  const columns = tokens.filter((each) => each.includes("*"));
  if (columns.some((each) => each.indexOf("*") !== each.lastIndexOf("*"))) return "a pointer has more than one `*`";
  const mixed = columns.some((column) => {
    const list = column.slice(0, column.indexOf("*"));
    return tokens.some((other) => INDEX.test(other[list.length] ?? "") && list.every((token, index) => token === other[index]));
  });
  return mixed ? "two pointers take the same list by `*` and by index" : undefined;
}

/**
 * The JSON text at a pointer (RFC 6901), or `null` where the document has no such value. `*` in a
 * list gives a column: an array with an item for each element.
 */
export function pick(document: Node, pointer: string): string | null {
  const tokens = pointer.split("/").slice(1);
  const star = tokens.indexOf("*");
  const list = star < 0 ? undefined : at(document, tokens.slice(0, star));
  if (list?.kind !== "array") return textOf(at(document, tokens));
  return `[${list.items.map((item) => textOf(at(item, tokens.slice(star + 1))) ?? "null").join(",")}]`;
}

function at(document: Node, tokens: readonly string[]): Node | undefined {
  let value: Node | undefined = document;
  for (const token of tokens) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (value?.kind === "array") value = INDEX.test(name) ? value.items[Number(name)] : undefined;
    else value = member(value, name);
  }
  return value;
}

function textOf(value: Node | undefined): string | null {
  return value === undefined ? null : compact(value);
}

/**
 * JSON as it stands in a file: the numbers with their digits, the members in their order.
 * `JSON.parse` loses both, and `tailor call`, which reads the same fixtures, would lose something
 * else.
 */

/** A value and all that is in it. */
export type Node =
  /** A number, a text or a word, as it is written. */
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "array"; readonly items: readonly Node[] }
  /** The members with their names as they are written. */
  | { readonly kind: "object"; readonly members: readonly (readonly [name: string, value: Node])[] };

/** The levels of lists and objects that the other readers of fixtures take. */
const MOST_LEVELS = 127;

/**
 * Reads a text. Throws what `JSON.parse` throws, and at what the other readers of fixtures refuse:
 * a number that no double holds, half a surrogate pair, and very many levels.
 */
export function readNode(text: string): Node {
  JSON.parse(text);
  const tokens = text.match(/[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g) ?? [];
  const tooLarge = tokens.find((token) => /^[-\d]/.test(token) && !Number.isFinite(Number(token)));
  if (tooLarge !== undefined) throw new SyntaxError(`number out of range: ${tooLarge}`);
  const half = tokens.find((token) => token.startsWith('"') && !String(meaning(token)).isWellFormed());
  if (half !== undefined) throw new SyntaxError(`a lone surrogate: ${half}`);
  let at = 0;
  let level = 0;
  const list = <T>(next: () => T, end: string): T[] => {
    const found: T[] = [];
    level += 1;
    if (level > MOST_LEVELS) throw new SyntaxError(`more than ${MOST_LEVELS} levels`);
    if (tokens[at] === end) at += 1;
    else do found.push(next());
    while (tokens[at++] === ",");
    level -= 1;
    return found;
  };
  const next = (): Node => {
    const token = tokens[at++] ?? "";
    if (token === "[") return { kind: "array", items: list(next, "]") };
    if (token !== "{") return { kind: "scalar", text: token };
    const member = (): [string, Node] => {
      const name = tokens[at] ?? "";
      at += 2;
      return [name, next()];
    };
    return { kind: "object", members: list(member, "}") };
  };
  return next();
}

/** The text without white space between its parts. */
export function compact(node: Node): string {
  switch (node.kind) {
    case "scalar":
      return node.text;
    case "array":
      return `[${node.items.map(compact).join(",")}]`;
    case "object":
      return `{${node.members.map(([name, value]) => `${name}:${compact(value)}`).join(",")}}`;
  }
}

/** The last member of this name. */
export function member(node: Node | undefined, name: string): Node | undefined {
  return node?.kind === "object" ? node.members.findLast(([known]) => meaning(known) === name)?.[1] : undefined;
}

/** The members of an object, with the meaning of their names; none of anything else. */
export function membersOf(node: Node | undefined): readonly (readonly [name: string, value: Node])[] {
  return node?.kind === "object" ? node.members.map(([name, value]) => [String(meaning(name)), value]) : [];
}

/** The items of a list; none of anything else. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === "array" ? node.items : [];
}

/** What a scalar is in JavaScript. */
export function meaning(text: string): unknown {
  return JSON.parse(text);
}

/**
 * Whether two values mean the same: numbers are compared as doubles, so that `5.0` is `5`; the
 * order of members does not count, and of equal names the last one does.
 */
export function same(one: Node | undefined, other: Node | undefined): boolean {
  if (one?.kind === "scalar" && other?.kind === "scalar") return meaning(one.text) === meaning(other.text);
  if (one?.kind === "array" && other?.kind === "array") {
    return one.items.length === other.items.length && one.items.every((item, index) => same(item, other.items[index]));
  }
  if (one?.kind !== "object" || other?.kind !== "object") return false;
  const names = new Set(membersOf(one).map(([name]) => name));
  const others = new Set(membersOf(other).map(([name]) => name));
  return names.size === others.size && [...names].every((name) => others.has(name) && same(member(one, name), member(other, name)));
}

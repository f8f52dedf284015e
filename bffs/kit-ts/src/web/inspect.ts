/** Values in words, as Node's `util.inspect` has them, in one line. */
import { inWords, stackOf } from "../words.ts";
import { membersOf } from "./members.ts";

export interface InspectOptions {
  /** How many objects deep; `null` for all. */
  readonly depth?: number | null | undefined;
  /** Members that are not enumerable, too. */
  readonly showHidden?: boolean | undefined;
}

const MOST_ITEMS = 100;
const MOST_CHARS = 10_000;
const NAME = /^[a-zA-Z_]\w*$/;
/** Frames of a stack, as Node has them. */
const FRAMES = 10;

/** What is known while one value is written. */
interface Scene {
  readonly depth: number;
  readonly showHidden: boolean;
  /** The objects around, the outermost first. */
  readonly around: object[];
  /** Those that hold themselves, with their numbers. */
  readonly circles: Map<object, number>;
}

/** A value in one line. */
export function inspect(value: unknown, options: InspectOptions = {}): string {
  const depth = options?.depth === null ? Infinity : (options?.depth ?? 2);
  return shown(value, { depth, showHidden: options?.showHidden === true, around: [], circles: new Map() });
}

function shown(value: unknown, scene: Scene): string {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "number":
      return Object.is(value, -0) ? "-0" : `${value}`;
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "function":
      return ofObject(value, scene);
    case "object":
      return value === null ? "null" : ofObject(value, scene);
    default:
      return String(value);
  }
}

/** A text in the kind of quotation marks that it has not. */
export function quoted(text: string): string {
  const cut = text.length > MOST_CHARS ? text.slice(0, MOST_CHARS) : text;
  const mark = !cut.includes("'") ? "'" : !cut.includes('"') ? '"' : !cut.includes("`") && !cut.includes("${") ? "`" : "'";
  let inside = cut;
  // Most texts have nothing to escape.
  if (/[\0-\x1f\x7f-\x9f\\\ud800-\udfff]/.test(cut) || cut.includes(mark)) {
    inside = cut.replace(/[\0-\x1f\x7f-\x9f\\'"`]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, (char) => escaped(char, mark));
  }
  const rest = text.length - cut.length;
  return `${mark}${inside}${mark}${rest > 0 ? `... ${rest} more character${rest > 1 ? "s" : ""}` : ""}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\" };

function escaped(char: string, mark: string): string {
  if (char === "'" || char === '"' || char === "`") return char === mark ? `\\${char}` : char;
  const code = char.charCodeAt(0);
  const hex = code.toString(16);
  return ESCAPES[char] ?? (code < 0x100 ? `\\x${hex.toUpperCase().padStart(2, "0")}` : `\\u${hex}`);
}

function ofObject(value: object, scene: Scene): string {
  if (scene.around.includes(value)) {
    const number = scene.circles.get(value) ?? scene.circles.size + 1;
    scene.circles.set(value, number);
    return `[Circular *${number}]`;
  }
  const name = nameOf(value);
  const { head, open, close, size, entries, isShort } = safeForm(value, name, scene.showHidden);
  const indexed = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String;
  const keys = keysOf(value, indexed, scene.showHidden);
  if (size + keys.length > 0 && scene.around.length > scene.depth) return `[${Array.isArray(value) ? "Array" : name}]`;
  scene.around.push(value);
  const items = entries((each) => shown(each, scene));
  for (const key of keys) items.push(member(value, key, scene));
  scene.around.pop();
  const number = scene.circles.get(value);
  const circle = number === undefined ? "" : `<ref *${number}> `;
  if (items.length === 0) return `${circle}${head}${isShort ? "" : `${head === "" ? "" : " "}${open}${close}`}`;
  return `${circle}${head === "" ? "" : `${head} `}${open} ${items.join(", ")} ${close}`;
}

/** How a kind of object is written. */
interface Form {
  /** Before the brackets. */
  readonly head: string;
  readonly open: string;
  readonly close: string;
  /** What it holds beside its members, and how much. */
  readonly entries: (show: (value: unknown) => string) => string[];
  readonly size: number;
  /** Whether the head is all, without brackets, where there are no members. */
  readonly isShort: boolean;
}

const NOTHING = (): string[] => [];

function safeForm(value: object, name: string, showHidden: boolean): Form {
  try {
    return formOf(value, name, showHidden);
  } catch {
    // It only looks like one of its class: `Object.create(Date.prototype)`.
    return { head: name, open: "{", close: "}", entries: NOTHING, size: 0, isShort: false };
  }
}

function formOf(value: object, name: string, showHidden: boolean): Form {
  const braces = { open: "{", close: "}" };
  const short = (head: string): Form => ({ ...braces, head, entries: NOTHING, size: 0, isShort: true });
  const long = (head: string, size: number, entries: Form["entries"]): Form => ({ ...braces, head, entries, size, isShort: false });
  const list = (head: string, size: number, entries: Form["entries"]): Form => ({ open: "[", close: "]", head, entries, size, isShort: false });
  if (Array.isArray(value)) {
    const head = name === "Array" ? "" : nameOf(value, value.length);
    return list(head, value.length, (show) => itemsOf(value, show));
  }
  if (typeof value === "function") return short(functionHead(value));
  if (value instanceof Error) return short(errorHead(value));
  if (value instanceof Date) return short(Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString());
  if (value instanceof RegExp) return short(String(value));
  if (value instanceof Map) {
    return long(nameOf(value, value.size), value.size, (show) => limited([...value], value.size, ([key, each]) => `${show(key)} => ${show(each)}`));
  }
  if (value instanceof Set) return long(nameOf(value, value.size), value.size, (show) => limited([...value], value.size, show));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const { length } = value as Uint8Array;
    const entries: Form["entries"] = (show) => limited(Array.from((value as Uint8Array).subarray(0, MOST_ITEMS)), length, show);
    return list(nameOf(value, length), length, entries);
  }
  if (value instanceof ArrayBuffer) return long(name, 1, () => [`[Uint8Contents]: <${hexOf(value)}>`, `byteLength: ${value.byteLength}`]);
  if (value instanceof Number || value instanceof Boolean || value instanceof BigInt || value instanceof Symbol) {
    return short(`[${name}: ${shown(value.valueOf(), { depth: 0, showHidden, around: [], circles: new Map() })}]`);
  }
  if (value instanceof String) return short(`[${name}: ${quoted(value.valueOf())}]`);
  if (value instanceof WeakMap || value instanceof WeakSet) return long(name, 1, () => ["<items unknown>"]);
  const members = membersOf(value);
  if (members !== undefined) {
    return long(name, members.length, (show) => members.map(([key, each]) => `${NAME.test(key) ? key : quoted(key)}: ${show(each)}`));
  }
  return long(name === "Object" ? "" : name, 0, NOTHING);
}

function functionHead(value: object): string {
  const { name } = value as { readonly name?: unknown };
  const text = Function.prototype.toString.call(value);
  const own = typeof name === "string" && name !== "" ? name : undefined;
  if (/^class[\s{]/.test(text)) {
    const parent = Object.getPrototypeOf(value) as { readonly name?: string } | null;
    const extended = parent !== null && parent.name !== undefined && parent.name !== "" ? ` extends ${parent.name}` : "";
    return `[class ${own ?? "(anonymous)"}${extended}]`;
  }
  const kind = (value.constructor as { readonly name?: string } | undefined)?.name ?? "Function";
  return `[${kind}${own === undefined ? " (anonymous)" : `: ${own}`}]`;
}

/** The stack in the names of the developer's files. */
function errorHead(error: Error): string {
  const stack = stackOf(error, FRAMES);
  const words = inWords(error).replace(/: $/, "");
  return stack === "" ? `[${words}]` : `${words} (${stack})`;
}

/**
 * The name of the constructor, with how many things the object holds and with its tag: `Own(1)
 * [Map]`.
 */
function nameOf(value: object, size?: number): string {
  const count = size === undefined ? "" : `(${size})`;
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value;
    if (typeof constructor === "function" && constructor.name !== "") return tagged(constructor.name, count, value);
  }
  return `[${count === "" ? "Object" : "Array"}${count}: null prototype]`;
}

function tagged(name: string, count: string, value: object): string {
  let tag: unknown;
  try {
    tag = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  } catch {
    // A getter that throws says no tag.
  }
  return typeof tag === "string" && tag !== "" && tag !== name ? `${name}${count} [${tag}]` : name + count;
}

function itemsOf(array: readonly unknown[], show: (value: unknown) => string): string[] {
  const items: string[] = [];
  let at = 0;
  for (; at < array.length && items.length < MOST_ITEMS; at += 1) {
    if (at in array) {
      items.push(show(array[at]));
      continue;
    }
    const from = at;
    while (at + 1 < array.length && !(at + 1 in array)) at += 1;
    items.push(`<${at + 1 - from} empty item${at > from ? "s" : ""}>`);
  }
  return withRest(items, array.length - at);
}

function limited<T>(values: readonly T[], length: number, show: (value: T) => string): string[] {
  const items = values.slice(0, MOST_ITEMS).map((value) => show(value));
  return withRest(items, length - items.length);
}

function withRest(items: string[], rest: number): string[] {
  if (rest > 0) items.push(`... ${rest} more item${rest > 1 ? "s" : ""}`);
  return items;
}

function hexOf(buffer: ArrayBuffer): string {
  const bytes = new Uint8Array(buffer, 0, Math.min(buffer.byteLength, MOST_ITEMS / 2));
  const rest = buffer.byteLength - bytes.length;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return rest > 0 ? `${hex} ... ${rest} more byte${rest > 1 ? "s" : ""}` : hex;
}

function keysOf(value: object, indexed: boolean, showHidden: boolean): (string | symbol)[] {
  const own = Reflect.ownKeys(value).filter((key) => {
    if (indexed && typeof key === "string" && (key === "length" || /^(?:0|[1-9]\d*)$/.test(key))) return false;
    if (value instanceof Error && (key === "stack" || key === "message")) return false;
    if (value instanceof Error && (key === "cause" || key === "errors")) return true;
    return showHidden || Reflect.getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  return own;
}

function member(value: object, key: string | symbol, scene: Scene): string {
  const descriptor = Reflect.getOwnPropertyDescriptor(value, key) ?? {};
  const plain = typeof key === "symbol" ? `[${key.toString()}]` : NAME.test(key) ? key : quoted(key);
  const name = descriptor.enumerable === true || typeof key === "symbol" ? plain : `[${String(key)}]`;
  if (descriptor.get !== undefined) return `${name}: ${descriptor.set === undefined ? "[Getter]" : "[Getter/Setter]"}`;
  if (descriptor.set !== undefined) return `${name}: [Setter]`;
  return `${name}: ${shown(descriptor.value, scene)}`;
}

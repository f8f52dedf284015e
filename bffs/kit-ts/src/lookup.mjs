/**
 * From a place that the engine names to the author's file, line and column. Plain JavaScript, as it
 * runs in the component and in the build; `tools/lines.mjs` makes the table.
 *
 * `text` has for each line of the bundle a group, ended by `;`, of entries with `,` between them:
 * numbers in base64 as in a source map. The first four are column of the bundle, file, line and
 * column of the source; then, behind a `!`, three for each step that may fail there: kind and name,
 * line and column. Each number is the difference to the one before of its sort; a step's, to its
 * entry's. `marks` are the positions in `text` of every 64th line.
 */

/**
 * What may fail: what the engine says of an error, or which function comes next in the stack, tells
 * which it was.
 */
export const KINDS = Object.freeze({
  variable: 0, field: 1, call: 2, construct: 3, set: 4, operator: 5, iteration: 6, pattern: 7, method: 8,
  /** A call of a function that is declared by this name. */
  known: 9,
});

/** Lines of the bundle from one mark to the next. */
export const MARK = 64;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The value of each digit by its code. */
const BITS = Array.from({ length: 128 }, (_, code) => DIGITS.indexOf(String.fromCharCode(code)));

/** Kind and name of a step in a number. @param {number} kind @param {string} name */
export function keyOf(kind, name) {
  if (name === "") return kind;
  let hash = 7;
  for (let index = 0; index < name.length; index += 1) hash = (hash * 31 + name.charCodeAt(index)) % 1021;
  return kind + 16 * (hash + 1);
}

/**
 * A number in base64: five bits a digit, least first; the sixth says that more follow, the lowest
 * is the sign.
 *
 * @param {number} number
 */
export function encode(number) {
  let rest = number < 0 ? -number * 2 + 1 : number * 2;
  let text = "";
  do {
    const bits = rest & 31;
    rest >>= 5;
    text += DIGITS[rest > 0 ? bits | 32 : bits];
  } while (rest > 0);
  return text;
}

/** The numbers of an entry. @param {string} entry */
export function decode(entry) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (let index = 0; index < entry.length; index += 1) {
    const bits = BITS[entry.charCodeAt(index)] ?? 0;
    value |= (bits & 31) << shift;
    shift += 5;
    if ((bits & 32) === 0) {
      numbers.push(value & 1 ? -(value >> 1) : value >> 1);
      value = 0;
      shift = 0;
    }
  }
  return numbers;
}

/**
 * The calls of a stack of the engine, the innermost first; `line` is 0 for a function of its own.
 *
 * @param {string} stack
 */
export function parseStack(stack) {
  const calls = [];
  for (const text of stack.split("\n")) {
    const placed = /^\s*at (?:(.*) )?\(?([^()]*?):(\d+):(\d+)\)?$/.exec(text);
    const native = placed === null ? /^\s*at (.*) \((?:native|missing)\)$/.exec(text) : null;
    if (placed !== null && placed[2] === "<input>") continue;
    if (placed !== null) {
      calls.push({ name: placed[1] ?? "<module>", file: placed[2] ?? "", line: Number(placed[3]), column: Number(placed[4]) });
    } else if (native !== null) {
      calls.push({ name: native[1] ?? "", file: "", line: 0, column: 0 });
    }
  }
  return calls;
}

/**
 * The place of a call, or nothing where the bundle has no source there. `inner` is the name of the
 * function that it has called, or `undefined` for the innermost: then the error's name and message
 * tell.
 *
 * @param {import("./lookup.d.mts").Table} table
 * @param {{ readonly line: number, readonly column: number }} call
 * @param {string | undefined} inner
 * @param {{ readonly name: string, readonly message: string } | undefined} error
 */
export function lookUp(table, call, inner, error) {
  const entry = entryAt(table, call.line, call.column - 1);
  if (entry === undefined) return undefined;
  const step = inner === undefined ? failing(entry.steps, error) : calling(entry.steps, inner);
  const { line, column } = step ?? entry;
  return { file: table.files[entry.file] ?? "", line: line + 1, column: column + 1 };
}

/** @param {import("./lookup.d.mts").Table} table @param {number} line @param {number} column */
function entryAt(table, line, column) {
  let start = table.marks[Math.floor((line - 1) / MARK)] ?? -1;
  for (let skip = (line - 1) % MARK; skip > 0 && start >= 0; skip -= 1) {
    const end = table.text.indexOf(";", start);
    start = end < 0 ? -1 : end + 1;
  }
  const end = start < 0 ? -1 : table.text.indexOf(";", start);
  if (end <= start) return undefined;
  const last = { at: 0, file: 0, line: 0, column: 0 };
  let found;
  for (const text of table.text.slice(start, end).split(",")) {
    const steps = text.indexOf("!");
    const [at = 0, file = 0, fromLine = 0, fromColumn = 0] = decode(steps < 0 ? text : text.slice(0, steps));
    last.at += at;
    if (found !== undefined && last.at > column) break;
    last.file += file;
    last.line += fromLine;
    last.column += fromColumn;
    found = { file: last.file, line: last.line, column: last.column, steps: steps < 0 ? "" : text.slice(steps + 1) };
  }
  return found === undefined ? undefined : { ...found, steps: stepsOf(found) };
}

/** @param {{ readonly line: number, readonly column: number, readonly steps: string }} entry */
function stepsOf(entry) {
  const numbers = decode(entry.steps);
  const steps = [];
  for (let index = 0; index + 2 < numbers.length; index += 3) {
    const key = numbers[index] ?? 0;
    steps.push({
      kind: key & 15,
      key,
      line: entry.line + (numbers[index + 1] ?? 0),
      column: entry.column + (numbers[index + 2] ?? 0),
    });
  }
  return steps;
}

/**
 * The step that called a function of this name: the first call of the name, else the first call at
 * all.
 *
 * @param {ReturnType<typeof stepsOf>} steps
 * @param {string} inner
 */
function calling(steps, inner) {
  const access = /^(?:get|set) (.*)$/.exec(inner)?.[1];
  if (access !== undefined) {
    const step = first([KINDS.field, KINDS.set], (kind) => steps.find((each) => each.key === keyOf(kind, access)));
    if (step !== undefined) return step;
  }
  const any = (/** @type {number} */ kind) => steps.find((step) => step.kind === kind);
  const is = (/** @type {number} */ kind) => steps.find((step) => step.key === keyOf(kind, inner));
  const { known, call, method, construct, operator, iteration } = KINDS;
  return first([known, call, method, construct], is) ?? first([call, method, construct, operator, iteration, known], any) ?? steps.at(-1);
}

/** What the engine says of an error, and which step that is. */
const SAYINGS = /** @type {const} */ ([
  [/^cannot read property '(?:Symbol\.iterator)()' of/, [KINDS.iteration, KINDS.construct]],
  [/^cannot read property '(.*)' of (?:null|undefined)$/, [KINDS.field]],
  [/^cannot set property '(.*)' of (?:null|undefined)$/, [KINDS.set]],
  [/^not an object()$/, [KINDS.set]],
  [/^'?(.*?)'? is not (?:defined|initialized)$/, [KINDS.variable, KINDS.set]],
  [/^'(.*)' is read-only$/, [KINDS.set, KINDS.variable]],
  [/^(?:(.*) is )?not a constructor$/, [KINDS.construct]],
  [/^(?:(.*) is )?not a function$/, [KINDS.method, KINDS.call, KINDS.construct, KINDS.known]],
  [/not iterable()$/, [KINDS.iteration, KINDS.construct]],
  [/^Cannot convert undefined or null to object()$/, [KINDS.pattern]],
  [/^(?:invalid '|cannot convert )()/, [KINDS.operator]],
]);

/**
 * The step that failed: by what the engine says, else where an error of this name was made.
 *
 * @param {ReturnType<typeof stepsOf>} steps
 * @param {{ readonly name: string, readonly message: string } | undefined} error
 */
function failing(steps, error) {
  const { name = "", message = "" } = error ?? {};
  const is = (/** @type {number} */ kind, /** @type {string} */ of) => steps.find((step) => step.key === keyOf(kind, of));
  const any = (/** @type {number} */ kind) => steps.find((step) => step.kind === kind);
  const [said = "", kinds = []] = saidOf(message);
  const named = said === "" ? undefined : first(kinds, (kind) => is(kind, said));
  const made = is(KINDS.construct, name) ?? (kinds.length === 0 ? is(KINDS.call, "super") : undefined);
  return named ?? made ?? first(kinds, (kind) => is(kind, "") ?? any(kind)) ??
    first([KINDS.construct, KINDS.operator, KINDS.call, KINDS.method, KINDS.iteration], any) ?? steps.at(-1);
}

/**
 * The name in what the engine says, and the kinds of steps that it says so of.
 *
 * @param {string} message
 */
function saidOf(message) {
  for (const [form, kinds] of SAYINGS) {
    const said = form.exec(message);
    if (said !== null) return /** @type {const} */ ([said[1] ?? "", kinds]);
  }
  return [];
}

/**
 * @template Item, Found
 * @param {readonly Item[]} items
 * @param {(item: Item) => Found | undefined} find
 */
function first(items, find) {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

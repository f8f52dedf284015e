/**
 * Makes the table by which src/lookup.mjs finds the author's line and column, of a bundle and its
 * source map.
 */
import { decode, encode, keyOf, MARK } from "../src/lookup.mjs";
import { placesOf } from "./places.mjs";

/**
 * A mapping of a source map, counted from 0.
 * @typedef {{ at: number, file: number, line: number, column: number }} Mapping
 */

/**
 * @param {string} bundle
 * @param {{ mappings: string }} map
 * @param {(fault: string) => void} warn what keeps lines from being exact
 * @returns {{ marks: number[], text: string }}
 */
export function lineTable(bundle, map, warn) {
  const lines = mappingsOf(map.mappings);
  const starts = [0];
  for (let end = bundle.indexOf("\n"); end >= 0; end = bundle.indexOf("\n", end + 1)) starts.push(end + 1);
  /** @type {Map<number, import("./places.mjs").Step[]>} */
  let places = new Map();
  try {
    places = placesOf(bundle);
  } catch (fault) {
    warn(String(fault));
  }
  const origin = (/** @type {number} */ position) => {
    const line = lineOf(starts, position);
    return before(lines[line] ?? [], position - (starts[line] ?? 0));
  };
  /** @type {Map<number, number>[]} the places of each line by their columns */
  const sorted = starts.map(() => new Map());
  for (const place of places.keys()) {
    const line = lineOf(starts, place);
    sorted[line]?.set(columnOf(bundle, starts[line] ?? 0, place), place);
  }
  const groups = starts.map((_, line) => group(lines[line] ?? [], sorted[line] ?? new Map(), places, origin));
  return joined(groups);
}

/** @param {string[]} groups */
function joined(groups) {
  const marks = [];
  let text = "";
  for (const [line, each] of groups.entries()) {
    if (line % MARK === 0) marks.push(text.length);
    text += `${each};`;
  }
  return { marks, text };
}

/**
 * The entries of a line: its mappings, and the places that the engine names.
 *
 * @param {Mapping[]} mappings
 * @param {Map<number, number>} columns
 * @param {Map<number, import("./places.mjs").Step[]>} places
 * @param {(position: number) => Mapping | undefined} origin
 */
function group(mappings, columns, places, origin) {
  const known = columns.size === 0 ? new Map(mappings.map(({ at }) => [at, undefined])) : columns;
  const last = { at: 0, file: 0, line: 0, column: 0 };
  const entries = [];
  for (const [at, place] of [...known].sort(([one], [other]) => one - other)) {
    const from = place === undefined ? before(mappings, at) : origin(place);
    if (from === undefined) continue;
    const steps = (place === undefined ? undefined : places.get(place)) ?? [];
    const numbers = [at - last.at, from.file - last.file, from.line - last.line, from.column - last.column];
    Object.assign(last, from, { at });
    const behind = [];
    for (const { kind, name, at: position } of steps) {
      const to = origin(position);
      if (to === undefined || to.file !== from.file) continue;
      behind.push(keyOf(kind, name), to.line - from.line, to.column - from.column);
    }
    const text = numbers.map(encode).join("");
    entries.push(behind.length === 0 ? text : `${text}!${behind.map(encode).join("")}`);
  }
  return entries.join(",");
}

/**
 * The last line that begins at or before a position.
 *
 * @param {readonly number[]} starts
 * @param {number} position
 */
function lineOf(starts, position) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The engine counts columns in bytes.
 *
 * @param {string} bundle
 * @param {number} start
 * @param {number} position
 */
function columnOf(bundle, start, position) {
  return Buffer.byteLength(bundle.slice(start, position));
}

/**
 * The mapping for a column: the last one at or before it, as in Node.
 *
 * @param {Mapping[]} mappings
 * @param {number} column
 */
export function before(mappings, column) {
  return mappings.findLast(({ at }) => at <= column) ?? mappings[0];
}

/**
 * The mappings of each line of a source map, version 3.
 *
 * @param {string} mappings
 * @returns {Mapping[][]}
 */
export function mappingsOf(mappings) {
  let file = 0;
  let line = 0;
  let column = 0;
  return mappings.split(";").map((text) => {
    let at = 0;
    const found = [];
    for (const segment of text === "" ? [] : text.split(",")) {
      const [atStep = 0, fileStep, lineStep = 0, columnStep = 0] = decode(segment);
      at += atStep;
      if (fileStep === undefined) continue;
      file += fileStep;
      line += lineStep;
      column += columnStep;
      found.push({ at, file, line, column });
    }
    return found;
  });
}

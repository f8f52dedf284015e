/** Reads the mappings of a source map into the table that src/stack.ts looks up. */

/**
 * For each line of the bundle two numbers: the file's index and the line (from 1) of its first mapping, or 0 and 0.
 * @param {string} mappings of a source map, version 3
 * @returns {number[]}
 */
export function lineTable(mappings) {
  let file = 0;
  let line = 0;
  return mappings.split(";").flatMap((group) => {
    let first;
    for (const segment of group === "" ? [] : group.split(",")) {
      const [, fileStep = 0, lineStep = 0] = decodeVlq(segment);
      file += fileStep;
      line += lineStep;
      first ??= [file, line + 1];
    }
    return first ?? [0, 0];
  });
}

/**
 * The numbers of one segment: base64 digits of five bits each, least first; the sixth bit says that more follow, and the
 * lowest bit of a whole number is its sign.
 * @param {string} segment
 * @returns {number[]}
 */
function decodeVlq(segment) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".indexOf(digit);
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

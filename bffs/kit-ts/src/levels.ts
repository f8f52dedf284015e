/**
 * JSON of others that is nested too deeply. The engine's parser calls itself for each level, and at
 * some 3,000 of them its stack ends, and with it the instance, without a line of the author's: so
 * the levels are counted first, where there may be that many.
 */

/** Levels that a document may have: the engine writes as many as it reads. */
export const MOST_LEVELS = 1000;

/** Whether a text has more levels of lists and objects than that, as far as it is JSON. */
export function isTooDeep(text: string): boolean {
  const { length } = text;
  // A level begins with a character for a list, and with four for an object: `{"":`. To split at
  // one is the cheapest way to count it: in an interpreter, a loop over a text is slow.
  if (length <= MOST_LEVELS) return false;
  const lists = text.split("[").length - 1;
  if (lists + (length - lists) / 4 <= MOST_LEVELS) return false;
  if (lists + text.split("{").length - 1 <= MOST_LEVELS) return false;
  let level = 0;
  for (let at = 0; at < length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfText(text, at);
    else if (char === OPEN_LIST || char === OPEN_OBJECT) level += 1;
    else if (char === CLOSE_LIST || char === CLOSE_OBJECT) level -= 1;
    if (level > MOST_LEVELS) return true;
  }
  return false;
}

const [QUOTE, ESCAPE, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d] as const;

/** The position of the quote that ends the text which begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at += 1) {
    const char = json.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === ESCAPE) at += 1;
  }
  return json.length;
}

/** Objects that are read as lists of names and values. */

/** The names of an object that stands for a record: none of them may be a symbol. */
export function recordKeys(record: object): string[] {
  for (const symbol of Object.getOwnPropertySymbols(record)) {
    if (Object.prototype.propertyIsEnumerable.call(record, symbol)) throw new TypeError(`a symbol is no name: ${symbol.toString()}`);
  }
  return Object.keys(record);
}

/**
 * Gives classes and functions the names by which they are exported: a bundler may have given them
 * others.
 */
export function giveNames(globals: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(globals)) {
    if (typeof value === "function") Object.defineProperty(value, "name", { value: name, configurable: true });
  }
}

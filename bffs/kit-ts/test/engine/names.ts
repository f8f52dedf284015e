/**
 * A BFF that compares the globals that there are with the list of those that a test has, and texts
 * with each other.
 */
import { bff, get, json } from "../../src/index.ts";
import { GLOBALS } from "../../testing/globals.ts";

/** What the componentizer and the bundler put there for themselves. */
const OURS = ["__cqjs", "tailorLines", "wit"];

function message(use: () => unknown): string {
  try {
    return `no error: ${String(use())}`;
  } catch (fault) {
    return String(fault).split(":")[1]?.trim() ?? "";
  }
}

export const handler = bff([
  get("/", () => {
    const there = Object.getOwnPropertyNames(globalThis);
    return json({
      more: there.filter((name) => !GLOBALS.includes(name) && !OURS.includes(name)),
      // What Node 20 has not, either.
      lacks: GLOBALS.filter((name) => !there.includes(name) && !/Disposable|Suppressed|Float16|InternalError|Iterator/.test(name)),
      hours: [new Date(0).getHours(), new Date(2026, 6, 1).getTimezoneOffset()],
      sorted: ["\u00e4", "z", "a", "B", "ab", "e\u0301", "\u00e9"].sort((one, other) => one.localeCompare(other)),
      equal: "e\u0301".localeCompare("\u00e9"),
      upper: "\u00df".toLocaleUpperCase(),
      refused: [
        message(() => new Date(0).toLocaleString()),
        message(() => new Date(0).toLocaleDateString("de-DE")),
        message(() => new Date(0).toLocaleTimeString()),
        message(() => (1234.5).toLocaleString("de-DE")),
        message(() => [1].toLocaleString()),
        message(() => "a".localeCompare("b", "de")),
        message(() => "a".localeCompare("b", undefined, { numeric: true })),
        message(() => "i".toLocaleUpperCase("tr")),
        message(() => "I".toLocaleLowerCase("tr")),
      ],
    });
  }),
]);

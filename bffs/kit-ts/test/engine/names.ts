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
      locales: [
        new Date(0).toLocaleString("de-DE"),
        new Date(0).toLocaleDateString("en-GB", { dateStyle: "long" }),
        new Date(0).toLocaleTimeString("de-DE", { timeZone: "Asia/Tokyo" }),
        (1234.5).toLocaleString("de-DE"),
        [1234.5, "a"].toLocaleString("de"),
        "a".localeCompare("b", "de"),
        "10".localeCompare("9", undefined, { numeric: true }),
        "i".toLocaleUpperCase("tr"),
        "I".toLocaleLowerCase("tr"),
      ],
      refused: [
        message(() => new Intl.DateTimeFormat("de").formatRange(0, 1)),
        message(() => new Intl.NumberFormat("de", { style: "unit", unit: "liter-per-hour" }).format(1)),
        message(() => new Intl.NumberFormat("de", { notation: "scientific" })),
        message(() => new Intl.Segmenter("de")),
        message(() => new Intl.DateTimeFormat("de", { calendar: "buddhist" })),
        message(() => new Intl.DateTimeFormat("de", { timeZone: "Europe/Nowhere" })),
      ],
    });
  }),
]);

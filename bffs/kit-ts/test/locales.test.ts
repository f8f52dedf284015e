/** What the types refuse of locales: what the host cannot do. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const GIVEN = `
import { get, json, log } from "@tailor/kit";
interface Tree { readonly kids: readonly Tree[]; readonly by: Readonly<Record<string, Tree>>; readonly made: Date }
declare const [day, tree, rows]: [Date, Tree, readonly { readonly day: Date; readonly steps: number }[]];
`;

const REFUSED = [
  'const range: string = new Intl.DateTimeFormat("de").formatRange(day, day);',
  'const parts: unknown[] = new Intl.DateTimeFormat("de").formatRangeToParts(day, day);',
  'const numbers: string = new Intl.NumberFormat("de").formatRange(1, 2);',
  'const plural: string = new Intl.PluralRules("de").selectRange(1, 2);',
  'const words = [...new Intl.Segmenter("de").segment("a b")];',
  'const whole: string = new Intl.Locale("de").maximize().baseName;',
  'const time = `at ${new Intl.DateTimeFormat("de").formatRange(day, day)}`;',
  'get("/", () => json(new Intl.DateTimeFormat("de").formatRange(day, day)));',
  'get("/", () => json({ range: new Intl.NumberFormat("de").formatRange(1, 2), tree }));',
  'get("/", () => json({ rows: rows.map((row) => ({ ...row, text: new Intl.NumberFormat("de").formatRange(1, row.steps) })) }, [], 201));',
  'get("/", () => json({ rows: rows.map((row) => (row.steps > 0 ? new Intl.NumberFormat("de").formatRange(1, row.steps) : null)) }));',
  'log.info("day", { day: new Intl.DateTimeFormat("de").formatRange(day, day) });',
];

const TAKEN = [
  'const text: string = day.toLocaleString();',
  'const date: string = day.toLocaleDateString("de-DE", { timeZone: "Europe/Berlin" });',
  'const time = `at ${day.toLocaleTimeString()}`;',
  'const number: string = (1234.5).toLocaleString("de");',
  'const big: string = 1n.toLocaleString();',
  'const list: string = [1].toLocaleString();',
  'const bytes: string = new Uint8Array(1).toLocaleString();',
  'const order = ["b", "a"].sort((one, other) => one.localeCompare(other, "de"));',
  'const upper: string = "i".toLocaleUpperCase("tr");',
  'const sum: string = new Intl.NumberFormat("de").format(1);',
  'const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;',
  'const known: string[] = Intl.getCanonicalLocales("de");',
  'const currencies: string[] = Intl.supportedValuesOf("currency");',
  'const supported: string[] = Intl.NumberFormat.supportedLocalesOf("de");',
  'const sorted = ["b", "a"].sort(new Intl.Collator("de").compare);',
  'const plural: string = new Intl.PluralRules("de").select(1);',
  'const ago: string = new Intl.RelativeTimeFormat("de").format(1, "day");',
  'const and: string = new Intl.ListFormat("de").format(["a", "b"]);',
  'get("/", () => json(day.toLocaleString()));',
  'get("/", () => json({ day: day.toLocaleDateString("de"), tree }));',
  'get("/", () => json({ rows: rows.map((row) => ({ ...row, text: row.steps.toLocaleString() })) }, [], 201));',
  'get("/", () => json({ rows: rows.map((row) => (row.steps > 0 ? row.steps.toLocaleString() : null)) }));',
  'log.info("day", { day: day.toLocaleDateString() });',
  'const order = ["b", "a"].sort((one, other) => one.localeCompare(other));',
  'const lower: string = "A".toLocaleLowerCase();',
  'get("/", () => json({ tree, rows, day, nothing: null, list: [1, "a", undefined], of: () => 1 }, [["a", "b"]], 201));',
  'get("/", () => json(null));',
  'get("/", () => json(JSON.parse("1")));',
  'get("/", () => json(JSON.parse("1") as unknown));',
  'const made = <T>(value: T) => get("/", () => json({ value }));',
];

test("what the host cannot do of locales is refused by tsc, also within an answer, and nothing else is", () => {
  const folder = mkdtempSync(join(tmpdir(), "tailor-types-"));
  try {
    symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
    const compilerOptions = { noUnusedLocals: false };
    const settings = { extends: "@tailor/kit/tsconfig.json", compilerOptions, include: ["main.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    const lines = [...REFUSED, ...TAKEN].map((line) => `{ ${line} }`);
    writeFileSync(join(folder, "main.ts"), [...lines, GIVEN].join("\n"));
    const { stdout } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", folder], { encoding: "utf8" });
    const wrong = new Set(Array.from(stdout.matchAll(/main\.ts\((\d+),/g), ([, line]) => Number(line)));
    assert.deepEqual([...wrong].sort((one, other) => one - other), REFUSED.map((_, index) => index + 1), stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

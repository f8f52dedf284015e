/**
 * The package can be installed from any registry, its types have no hole, and its bundle is one the
 * engine takes.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Table } from "../../kit-ts/src/lookup.mjs";
import { sourceStack } from "../../kit-ts/src/stack.ts";

test("the lock files of both examples name no registry", () => {
  for (const bff of [".", "../phone"]) {
    const lock = readFileSync(join(bff, "package-lock.json"), "utf8");
    assert.doesNotMatch(lock, /:\/\//);
    assert.deepEqual(lock.match(/"resolved":.*/g), ['"resolved": "../kit-ts",'], bff);
  }
});

test("no source escapes from the type checker", () => {
  const kit = ["src", "example/src", "test", "testing", "testing/world"].map((name) => join("node_modules/@tailor/kit", name));
  const files = ["src", "test", "../phone/src", "../phone/test", ...kit].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const sources = files.filter((file) => file.endsWith(".ts"));
  assert.ok(sources.length > 30);
  const escape = new RegExp("(?::|\\bas|<|\\|) ?any\\b(?! \\w)|@ts-" + "(?:ignore|expect-error|nocheck)");
  assert.deepEqual(sources.filter((file) => escape.test(readFileSync(file, "utf8"))), []);
});

test("the bundle is one module that imports the contract only and knows the lines of its sources", () => {
  const folder = mkdtempSync(join(tmpdir(), "tailor-bundle-"));
  try {
    const file = join(folder, "partner.js");
    const made = spawnSync("node", ["node_modules/@tailor/kit/tools/bundle.mjs", "src/main.ts", file], { encoding: "utf8" });
    assert.deepEqual([made.status, made.stderr], [0, ""]);
    const bundle = readFileSync(file, "utf8").split("\n");
    const imports = bundle.flatMap((line) => /^import .* from "(.*)";$/.exec(line)?.[1] ?? []);
    assert.deepEqual(new Set(imports), new Set(["tailor:bff/downstream@0.1.1", "tailor:bff/runtime@0.1.1"]));

    const table = JSON.parse(/^globalThis\.tailorLines = (.*);$/.exec(bundle.at(-2) ?? "")?.[1] ?? "null") as Table;
    const at = bundle.findIndex((line) => line.includes("] = fetchAll("));
    const column = (bundle[at]?.indexOf("fetchAll(") ?? 0) + 1;
    const place = sourceStack(`    at f (/partner.js:${at + 1}:${column})`, undefined, undefined, table);
    const [, source = "", row, start] = /^f (.*):(\d+):(\d+)$/.exec(place) ?? [];
    assert.equal(source, "src/summaries.ts");
    const line = readFileSync(source, "utf8").split("\n")[Number(row) - 1];
    assert.match(line?.slice(Number(start) - 1) ?? "", /^fetchAll\($/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

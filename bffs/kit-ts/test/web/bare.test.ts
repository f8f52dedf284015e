/** The web's globals need nothing but the language, and what the engine has beside it. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { test } from "node:test";
import * as vm from "node:vm";
import { insteadOf } from "../../src/web/index.ts";
import { GLOBALS } from "../../testing/globals.ts";

// The BFF whose folder this runs in has it.
const esbuild = createRequire(`${process.cwd()}/`)("esbuild") as typeof import("esbuild");
const web = resolve("../kit-ts/src/web/index.ts");

/** A context that has the language, what the engine has beside it, and the web's globals. */
function bare(): vm.Context {
  const { outputFiles } = esbuild.buildSync({ entryPoints: [web], bundle: true, write: false, format: "iife", globalName: "web", target: "es2023" });
  const engine = { atob, btoa, DOMException, queueMicrotask };
  const context = vm.createContext({ ...engine });
  vm.runInContext(outputFiles[0]?.text ?? "", context);
  vm.runInContext("web.giveNames(web); Object.assign(globalThis, web); delete globalThis.web;", context);
  return context;
}

test("nothing is done when the modules are imported, and nothing of Node is used", async () => {
  const context = bare();
  const task = `(async () => {
    const request = new Request("http://h/a?b=ü", { method: "POST", body: new URLSearchParams({ a: "ä" }) });
    const form = new FormData();
    form.append("file", new File(["x", Uint8Array.of(255)], "f", { lastModified: 1 }));
    const sent = new Response(form);
    const read = await new Response(sent.body, { headers: sent.headers }).formData();
    const controller = new AbortController();
    const events = [];
    AbortSignal.any([controller.signal]).addEventListener("abort", (event) => events.push(event.type));
    controller.abort();
    const chunks = [];
    for await (const chunk of ReadableStream.from([1, 2])) chunks.push(chunk);
    const key = await new SubtleCrypto().importKey("raw", new TextEncoder().encode("k"), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    const signed = await new SubtleCrypto().sign("HMAC", key, new TextEncoder().encode("d"));
    return JSON.stringify([
      request.url, (await request.formData()).get("a"), read.get("file").size, events, chunks, signed.byteLength,
      structuredClone({ map: new Map([[1, new Date(0)]]) }).map.get(1).getTime(), new TextDecoder().decode(Uint8Array.of(0xc3, 0xa4)),
      Request.name, new Headers({ b: "1" }).get("B"), await new Blob(["ä"]).text(),
    ]);
  })()`;
  const done = JSON.parse((await vm.runInContext(task, context)) as string) as unknown;
  const wanted = ["http://h/a?b=%C3%BC", "ä", 2, ["abort"], [1, 2], 32, 0, "ä", "Request", "1", "ä"];
  assert.deepEqual(done, wanted);
});

test("what is not there has a way out, and nothing that is there has", () => {
  const names = Object.getOwnPropertyNames(bare()).concat(GLOBALS);
  assert.deepEqual(names.filter((name) => insteadOf(name) !== undefined), []);
  assert.match(insteadOf("WebSocket") ?? "", /fetch\(\)/);
  assert.equal(insteadOf("toString"), undefined);
});

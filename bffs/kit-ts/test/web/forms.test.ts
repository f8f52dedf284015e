/**
 * Forms, `Blob` and `File`, as Node has them. Cases of the kinds of web-platform-tests:
 * FileAPI/blob/Blob-constructor.any.js, Blob-slice.any.js, FileAPI/file/File-constructor.any.js,
 * xhr/formdata/*.any.js, fetch/api/response/response-consume.html.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as web from "../../src/web/index.ts";
import { kit, node, type Form, type Globals } from "./both.ts";
import { same, sameLater } from "./same.ts";

type Scene = (globals: Globals) => unknown;
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

test("forms are read from both of their types", async () => {
  const part = (fields: string, value: string): string => `--B\r\n${fields}\r\n\r\n${value}\r\n`;
  const disposition = "Content-Disposition: form-data; name=";
  const bodies = [
    ["multipart/form-data; boundary=B", `${part(`${disposition}"a"`, "1\r\n2")}${part(`${disposition}"ä%22"`, "ü")}--B--\r\n`],
    ["multipart/form-data; boundary=B", `${part(`${disposition}"f"; filename="x.bin"\r\nContent-Type: application/x`, "\0ÿ")}--B--`],
    ["multipart/form-data; boundary=B", `${part(`${disposition}"e"`, "")}--B--\r\n`],
    ["multipart/form-data; boundary=\"B\"; more=x", `${part(`content-disposition: form-data; name="q"; filename="plain"`, "x")}--B--\r\n`],
    ["multipart/form-data", "--B--"],
    ["multipart/form-data; boundary=B", "nothing"],
    ["multipart/form-data; boundary=B", `${part("X: y", "v")}--B--`],
    ["multipart/form-data; boundary=B", part(`${disposition}"a"`, "no end")],
    ["application/x-www-form-urlencoded", "a=1&b=%20+&&c&=d&%ff=%F0%9F%98%80"],
    ["application/x-www-form-urlencoded;charset=utf-8", ""],
    ["application/json", "{}"],
    ["", "x"],
  ] as const;
  const read = (globals: Globals) => async ([type, body]: (typeof bodies)[number]) => {
    const form = await new globals.Response(body, { headers: { "content-type": type } }).formData();
    const pairs = [];
    for (const [name, value] of form) pairs.push([name, typeof value === "string" ? value : [value.name, value.type, value.size, await value.text()]]);
    return pairs;
  };
  await sameLater(bodies, read(kit), read(node));
});

test("forms with files come back as they were written", async () => {
  const form = new web.FormData();
  form.append('na"me\n', "a\nb");
  form.append("file", new web.File([bytes(0, 255, 13, 10), "ä"], 'f"ä.bin', { type: "image/png" }));
  form.append("text", new web.Blob(["only text ä"]));
  const response = new web.Response(form);
  const type = response.headers.get("content-type") ?? "";
  const raw = await response.clone().bytes();
  const ours = await response.formData();
  const theirs = await new Response(raw, { headers: { "content-type": type } }).formData();
  for (const read of [ours, theirs as unknown as Form]) {
    const file = read.get("file") as web.File;
    assert.deepEqual([...new Uint8Array(await file.arrayBuffer())], [0, 255, 13, 10, 0xc3, 0xa4]);
    assert.deepEqual([file.name, file.type], ['f"ä.bin', "image/png"]);
    assert.deepEqual([...read.keys()], ['na"me\r\n', "file", "text"]);
    assert.equal(read.get('na"me\r\n'), "a\r\nb");
    assert.equal(await (read.get("text") as web.File).text(), "only text ä");
  }
});

test("blobs and files are made and cut as Node's are", async () => {
  const scenes: readonly Scene[] = [
    ({ Blob }) => new Blob(["ä", bytes(1), new Blob(["b"]), new Uint16Array([7]), new ArrayBuffer(2)]).size,
    ({ Blob }) => new Blob([bytes(0xff, 0x61)]).text(),
    ({ Blob }) => [new Blob([], { type: "Text/HTML" }).type, new Blob([], { type: "ä" }).type, new Blob().size],
    ({ Blob }) => [[0, 2], [1], [-2], [2, 1], [0, -1], [1, 99]].map(([from, to]) => new Blob(["abc"]).slice(from, to).size),
    ({ Blob }) => new Blob(["abcdä"]).slice(1, 6, "x/Y").text(),
    ({ Blob }) => new Blob("text" as unknown as string[]),
    ({ Blob }) => new Blob(7 as unknown as string[]),
    ({ Blob }) => new Blob([1, null, undefined, {}] as unknown as string[]).text(),
    ({ Blob }) => new Blob([], { endings: "wrong" as "native" }),
    async ({ Blob }) => [...new Uint8Array(await new Blob(["ä"]).arrayBuffer())],
    async ({ Blob }) => {
      const chunks = [];
      for await (const chunk of new Blob(["abc"]).stream()) chunks.push(...chunk);
      return chunks;
    },
    ({ File }) => {
      const file = new File(["x"], "n", { type: "a/B", lastModified: 7 });
      return [file.name, file.type, file.size, file.lastModified];
    },
    ({ File }) => void new (File as unknown as new (parts: string[]) => web.File)(["x"]),
    ({ File, Blob }) => new File([], "x") instanceof Blob,
  ];
  await sameLater(scenes, (scene) => scene(kit), (scene) => scene(node));
  // Node 20 leaves the last one.
  assert.equal(await new web.Blob(["a\r\nb\nc\r"], { endings: "native" }).text(), "a\nb\nc\n");
});

test("form data is changed as Node's is", () => {
  const tasks: readonly ((form: Form, globals: Globals) => unknown)[] = [
    (form) => [form.get("a"), form.get("none"), form.getAll("a"), form.has("b"), form.has("none")],
    (form) => form.set("a", "new"),
    (form) => form.set("z", "new"),
    (form) => form.delete("a"),
    (form) => form.append("n", 7 as unknown as string),
    (form) => form.append("x", "y", "name" as never),
    (form) => (form.append as unknown as (name: string) => void)("x"),
    (form, { Blob }) => {
      form.append("f", new Blob(["x"], { type: "t/u" }));
      form.append("g", new Blob(["x"]), "own");
      return ["f", "g"].map((name) => {
        const file = form.get(name) as web.File;
        return [file.name, file.type, file.size];
      }).concat([form.delete("f") as never, form.delete("g") as never]);
    },
    (form) => [...form.keys(), ...form.values()],
    (form) => {
      const seen: unknown[] = [];
      form.forEach((value, name, all) => seen.push(value, name, all === form));
      return seen;
    },
  ];
  const of = (globals: Globals) => (task: (typeof tasks)[number]) => {
    const form = new globals.FormData();
    form.append("a", "1");
    form.append("b", "2");
    form.append("a", "3");
    return [task(form, globals), [...form]];
  };
  same(tasks, of(kit), of(node));
});

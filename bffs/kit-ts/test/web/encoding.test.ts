/**
 * `TextEncoder` and `TextDecoder`, as Node has them. Cases of the kinds of web-platform-tests:
 * encoding/api-basics.any.js, textdecoder-fatal.any.js, textdecoder-ignorebom.any.js,
 * textdecoder-fatal-streaming.any.js, textdecoder-streaming.any.js,
 * textdecoder-utf16-surrogates.any.js, textencoder-utf16-surrogates.any.js, encodeInto.any.js,
 * textdecoder-labels.any.js.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as web from "../../src/web/encoding.ts";
import { numbers, same } from "./same.ts";

const TEXTS = [
  "", "a", "z\xa2\u6c34\u{1d11e}\uf8ff\u{10fffd}\ufffe", "\ud800", "\udc00", "abc\ud800123", "abc\udc00123", "\udc00\ud800",
  "\ud834\udd1e", "%41%", "\0\x7f\x80\xff\u0100\u07ff\u0800\uffff", "Grüße, 日本 😀".repeat(700), "x".repeat(9_000), "\ufeffa",
];

/** Bytes that are not UTF-8, and some that are. */
const WRONG_UTF8 = [
  [0xff], [0xc0], [0xe0], [0xc0, 0x00], [0xc0, 0xc0], [0xe0, 0x00], [0xe0, 0xc0], [0xe0, 0x80, 0x00], [0xe0, 0x80, 0xc0],
  [0xfc, 0x80, 0x80], [0xfe, 0x80, 0x80, 0x80, 0x80, 0x80], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xf0, 0x80, 0x80, 0x80],
  [0xf8, 0x80, 0x80, 0x80, 0x80], [0xc1, 0xbf], [0xe0, 0x81, 0xbf], [0xf0, 0x80, 0x81, 0xbf], [0xe0, 0x9f, 0xbf],
  [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
  [0xf0, 0x9f, 0x98], [0xf0, 0x9f], [0xe2, 0x82], [0x61, 0xf0, 0x9f, 0x92, 0x61], [0xf0, 0x9f, 0x41], [0xef, 0xbb], [0xef, 0xbb, 0xbf],
  [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 0x61], [0x80, 0x80, 0x41], [0xf1, 0x80, 0x41, 0x80], [0x00, 0x61, 0xf5],
];

test("texts become the bytes that Node makes of them, lone surrogates too", () => {
  same(TEXTS, (text) => [...new web.TextEncoder().encode(text)], (text) => [...new TextEncoder().encode(text)]);
  assert.equal(new web.TextEncoder().encoding, "utf-8");
  assert.equal(new web.TextEncoder().encode().length, 0);
  assert.equal(Object.prototype.toString.call(new web.TextEncoder()), "[object TextEncoder]");
});

test("encodeInto writes whole characters, as many as fit", () => {
  const cases = TEXTS.flatMap((text) => [0, 1, 2, 3, 4, 5, 7, 10, 40].map((room) => ({ text, room })));
  const into = (Encoder: typeof TextEncoder) => (one: { text: string; room: number }) => {
    const bytes = new Uint8Array(one.room).fill(0xaa);
    return { ...new Encoder().encodeInto(one.text, bytes), bytes: [...bytes] };
  };
  same(cases, into(web.TextEncoder as typeof TextEncoder), into(TextEncoder));
});

test("bytes become the text that Node makes of them, also where they are wrong", () => {
  const random = numbers(1);
  const cases = [...WRONG_UTF8];
  for (let round = 0; round < 2_000; round += 1) {
    const bytes = [...new TextEncoder().encode("aé水\u{1d11e}€\ufeff")];
    for (let hits = 0; hits < 1 + random(3); hits += 1) bytes.splice(random(bytes.length), random(2), random(256));
    cases.push(bytes);
  }
  for (const options of [{}, { fatal: true }, { ignoreBOM: true }]) {
    const decode = (Decoder: typeof TextDecoder) => (bytes: number[]) => new Decoder("utf-8", options).decode(Uint8Array.from(bytes));
    same(cases, decode(web.TextDecoder as typeof TextDecoder), decode(TextDecoder));
  }
});

test("a character may be spread over calls", () => {
  const random = numbers(2);
  for (const encoding of ["utf-8", "utf-16le"]) {
    const cases = Array.from({ length: 600 }, (_, round) => {
      const text = "\ufeffa\xa2\u6c34\u{1d11e}z\ufeff";
      const units = new Uint16Array(Array.from(text, (_char, at) => text.charCodeAt(at)));
      const bytes = encoding === "utf-8" ? [...new TextEncoder().encode(text)] : [...new Uint8Array(units.buffer)];
      if (round % 3 > 0) bytes[random(bytes.length)] = random(256);
      return { bytes: round % 2 > 0 ? bytes.slice(random(4)) : bytes, size: 1 + random(5) };
    });
    const decode = (Decoder: typeof TextDecoder) => (one: { bytes: number[]; size: number }) => {
      const decoder = new Decoder(encoding);
      const texts = [];
      for (let at = 0; at < one.bytes.length; at += one.size) {
        texts.push(decoder.decode(Uint8Array.from(one.bytes.slice(at, at + one.size)), { stream: true }));
      }
      return [texts.join(""), decoder.decode(), decoder.decode(Uint8Array.from(one.bytes))].join("|");
    };
    same(cases, decode(web.TextDecoder as typeof TextDecoder), decode(TextDecoder));
  }
});

test("UTF-16 with lone surrogates and half units", () => {
  const cases = [
    [0x00, 0xd8], [0x00, 0xdc], [0x41, 0, 0x00, 0xd8], [0x00, 0xd8, 0x00], [0x00, 0xdc, 0x00, 0xd8], [0x34, 0xd8, 0x1e, 0xdd], [0x41],
    [0xff, 0xfe, 0x41, 0], [0xff, 0xfe, 0xff, 0xfe], [],
  ];
  for (const options of [{}, { fatal: true }, { ignoreBOM: true }]) {
    const decode = (Decoder: typeof TextDecoder) => (bytes: number[]) => new Decoder("utf-16", options).decode(Uint8Array.from(bytes));
    same(cases, decode(web.TextDecoder as typeof TextDecoder), decode(TextDecoder));
  }
});

test("Latin 1 is windows-1252, as the standard has it", () => {
  // Node 20 takes its characters at 0x80 to 0x9f from Latin 1 itself.
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const low = String.fromCharCode(...all.subarray(0, 0x80));
  const high = String.fromCharCode(...all.subarray(0xa0));
  const own = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
  for (const options of [{}, { fatal: true }]) assert.equal(new web.TextDecoder("latin1", options).decode(all), `${low}${own}${high}`);
});

test("labels name their encoding, and others are refused", () => {
  const labels = ["UTF-8", " utf8\n", "unicode-1-1-utf-8", "utf-16", "ucs-2", "latin1", "ASCII", "iso-8859-1", "cp1252", "nothing", "", "utf-8\v", "utf8\0"];
  same(labels, (label) => new web.TextDecoder(label).encoding, (label) => new TextDecoder(label).encoding);
  assert.throws(() => new web.TextDecoder("shift_jis"), {
    name: "RangeError",
    message: 'TextDecoder: no encoding "shift_jis": there are utf-8, utf-16le, windows-1252 and their labels',
  });
  const { fatal, ignoreBOM } = new web.TextDecoder("utf8", { fatal: true });
  assert.deepEqual([fatal, ignoreBOM], [true, false]);
});

test("whatever holds bytes is decoded", () => {
  const { buffer } = Uint8Array.of(0x61, 0x62, 0x63, 0x64);
  const shared = new SharedArrayBuffer(2);
  new Uint8Array(shared).fill(0x7a);
  const inputs = [buffer, new DataView(buffer, 1, 2), new Uint16Array(buffer), shared, undefined, "text", null, [1]];
  const decode = (Decoder: typeof TextDecoder) => (input: unknown) => new Decoder().decode(input as Uint8Array);
  same(inputs, decode(web.TextDecoder as typeof TextDecoder), decode(TextDecoder));
});

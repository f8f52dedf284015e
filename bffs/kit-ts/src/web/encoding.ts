/**
 * `TextEncoder` and `TextDecoder` of the Encoding Standard, with the encodings that need no tables.
 */
import { binaryOfBytes, bytesOf, isBufferSource, joined, textOfUnits, type BufferSource } from "./binary.ts";
import { encodeUtf8, incompleteTail, looseUtf8, strictUtf8 } from "./utf8.ts";

type Encoding = "utf-8" | "utf-16le" | "windows-1252";

const LABELS: Readonly<Record<Encoding, string>> = {
  "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
  "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
  "windows-1252":
    "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 " +
    "iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
};
const ENCODINGS = new Map(
  Object.entries(LABELS).flatMap(([encoding, labels]) => labels.split(" ").map((label) => [label, encoding as Encoding])),
);

/** The characters of windows-1252 at 0x80 to 0x9f. */
const WINDOWS_1252 =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

/** What `encodeInto` did: code units that it read, bytes that it wrote. */
export interface TextEncoderEncodeIntoResult {
  read: number;
  written: number;
}

/** Text to UTF-8. */
export class TextEncoder {
  /** Always `utf-8`. */
  get encoding(): string {
    return "utf-8";
  }

  /** The UTF-8 of a text; a lone surrogate becomes U+FFFD. */
  encode(input = ""): Uint8Array<ArrayBuffer> {
    return encodeUtf8(`${input}`);
  }

  /** Writes as many whole characters as fit. */
  encodeInto(source: string, destination: Uint8Array): TextEncoderEncodeIntoResult {
    if (!(destination instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto: the destination is no Uint8Array");
    const text = `${source}`;
    const room = destination.length;
    // No character has fewer bytes than code units.
    const bytes = encodeUtf8(text.length > room ? text.slice(0, room) : text);
    if (text.length <= room && bytes.length <= room) {
      destination.set(bytes);
      return { read: text.length, written: bytes.length };
    }
    let [read, written] = [0, 0];
    while (read < text.length) {
      const point = text.codePointAt(read) ?? 0;
      const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
      if (written + size > room) break;
      written += size;
      read += size === 4 ? 2 : 1;
    }
    destination.set(encodeUtf8(text.slice(0, read)));
    return { read, written };
  }

  get [Symbol.toStringTag](): string {
    return "TextEncoder";
  }
}

export interface TextDecoderOptions {
  /** Throw a `TypeError` at bytes that are wrong, instead of a U+FFFD. */
  fatal?: boolean | undefined;
  /** Leave a byte order mark in the text. */
  ignoreBOM?: boolean | undefined;
}

export interface TextDecodeOptions {
  /** More bytes follow with the next call. */
  stream?: boolean | undefined;
}

/** Bytes to text. */
export class TextDecoder {
  readonly #encoding: Encoding;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  /** The bytes of a character whose rest has not come yet. */
  #rest: Uint8Array | undefined;
  #begun = false;

  /** Throws a `RangeError` for an encoding that is not there. */
  constructor(label = "utf-8", options: TextDecoderOptions = {}) {
    const encoding = ENCODINGS.get(`${label}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase());
    if (encoding === undefined) {
      throw new RangeError(`TextDecoder: no encoding "${label}": there are ${[...Object.keys(LABELS)].join(", ")} and their labels`);
    }
    this.#encoding = encoding;
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding(): string {
    return this.#encoding;
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  /** The text of these bytes. */
  decode(input?: BufferSource, options: TextDecodeOptions = {}): string {
    if (input !== undefined && !isBufferSource(input)) throw new TypeError("TextDecoder.decode: the input is no buffer and no view of one");
    const stream = Boolean(options?.stream);
    let bytes = input === undefined ? new Uint8Array() : bytesOf(input);
    if (this.#rest !== undefined) {
      bytes = joined([this.#rest, bytes]);
      this.#rest = undefined;
    }
    const text = this.#decoded(bytes, stream);
    const begins = !this.#begun;
    this.#begun = stream && (this.#begun || text !== "");
    return begins && !this.#ignoreBOM && this.#encoding !== "windows-1252" && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  get [Symbol.toStringTag](): string {
    return "TextDecoder";
  }

  #decoded(bytes: Uint8Array, stream: boolean): string {
    if (this.#encoding === "windows-1252") {
      return binaryOfBytes(bytes).replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252[char.charCodeAt(0) - 0x80] ?? "");
    }
    const kept = stream ? (this.#encoding === "utf-8" ? incompleteTail(bytes) : incompleteUnits(bytes)) : 0;
    // A copy: the caller may use its buffer again.
    if (kept > 0) this.#rest = bytes.slice(-kept);
    const whole = kept > 0 ? bytes.subarray(0, -kept) : bytes;
    const text = this.#encoding === "utf-8" ? strictUtf8(whole) : strictUtf16(whole);
    if (text !== undefined) return text;
    if (this.#fatal) {
      this.#rest = undefined;
      this.#begun = false;
      throw new TypeError(`TextDecoder.decode: the bytes are not ${this.#encoding}`);
    }
    return this.#encoding === "utf-8" ? looseUtf8(whole) : looseUtf16(whole);
  }
}

/** The bytes at the end that are half a code unit or the first half of a pair. */
function incompleteUnits(bytes: Uint8Array): number {
  const half = bytes.length % 2;
  const last = bytes[bytes.length - half - 1] ?? 0;
  return half + (bytes.length - half >= 2 && (last & 0xfc) === 0xd8 ? 2 : 0);
}

function utf16(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 2);
  return textOfUnits(new Uint16Array(bytes.slice(0, whole).buffer));
}

function strictUtf16(bytes: Uint8Array): string | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  const text = utf16(bytes);
  return text.isWellFormed() ? text : undefined;
}

function looseUtf16(bytes: Uint8Array): string {
  const text = utf16(bytes);
  if (bytes.length % 2 === 0) return text.toWellFormed();
  // Half a unit after the first half of a pair is one error, not two.
  const last = text.charCodeAt(text.length - 1);
  return `${(last & 0xfc00) === 0xd800 ? text.slice(0, -1).toWellFormed() : text.toWellFormed()}\ufffd`;
}

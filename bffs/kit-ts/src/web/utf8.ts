/** UTF-8, by what the engine has natively. */
import { binaryOfBytes, bytesOfBinary } from "./binary.ts";

const ASCII = /^[\0-\x7f]*$/;

/** The text of UTF-8 as one character for each byte; a lone surrogate becomes U+FFFD. */
export function binaryOfText(text: string): string {
  return ASCII.test(text) ? text : unescape(encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()));
}

/** The UTF-8 of a text; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return bytesOfBinary(binaryOfText(text));
}

/** How many bytes the UTF-8 of a text has. */
export function utf8Length(text: string): number {
  return binaryOfText(text).length;
}

/** The text of UTF-8, or `undefined` where it is not. */
export function strictUtf8(bytes: Uint8Array): string | undefined {
  return strictBinary(binaryOfBytes(bytes));
}

function strictBinary(binary: string): string | undefined {
  if (ASCII.test(binary)) return binary;
  try {
    return decodeURIComponent(escape(binary));
  } catch {
    return undefined;
  }
}

/**
 * The text of UTF-8, with U+FFFD for each longest part that is not: the standard's "UTF-8 decode
 * without BOM".
 */
export function looseUtf8(bytes: Uint8Array): string {
  return strictUtf8(bytes) ?? repaired(bytes);
}

/** The same of one character for each byte. */
export function looseBinary(binary: string): string {
  return strictBinary(binary) ?? repaired(bytesOfBinary(binary));
}

/** The standard's "UTF-8 decode": without a byte order mark, and never an error. */
export function decodeUtf8(bytes: Uint8Array): string {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return looseUtf8(marked ? bytes.subarray(3) : bytes);
}

/**
 * How many bytes at the end begin a character whose rest may still come. 0 where the end is
 * complete, or wrong already.
 */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const at = bytes.length - back;
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) return 0;
    if (lead >= 0xc0) return back < sizeOf(lead) && validUntil(bytes, at, back) === back ? back : 0;
  }
  return 0;
}

/** The bytes of a character that begins so; 0 where none does. */
function sizeOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** How many of the `size` bytes from `at` can stand there, one after the other. */
function validUntil(bytes: Uint8Array, at: number, size: number): number {
  const lead = bytes[at] ?? 0;
  for (let place = 1; place < size; place += 1) {
    const byte = bytes[at + place] ?? 0;
    let [low, high] = [0x80, 0xbf];
    if (place === 1) {
      if (lead === 0xe0) low = 0xa0;
      else if (lead === 0xed) high = 0x9f;
      else if (lead === 0xf0) low = 0x90;
      else if (lead === 0xf4) high = 0x8f;
    }
    if (byte < low || byte > high) return place;
  }
  return size;
}

function repaired(bytes: Uint8Array): string {
  let text = "";
  // Where the characters begin that were not taken yet.
  let from = 0;
  let at = 0;
  while (at < bytes.length) {
    const size = sizeOf(bytes[at] ?? 0);
    const valid = size < 2 ? size : validUntil(bytes, at, size);
    if (valid === size && size > 0) {
      at += size;
      continue;
    }
    text += `${strictUtf8(bytes.subarray(from, at)) ?? ""}\ufffd`;
    at += Math.max(valid, 1);
    from = at;
  }
  return text + (strictUtf8(bytes.subarray(from)) ?? "");
}

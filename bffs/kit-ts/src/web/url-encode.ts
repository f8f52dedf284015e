/** Percent-encoding of the URL Standard. */
import { binaryOfText, looseBinary } from "./utf8.ts";

/** What each part of a URL has to encode, in the standard's words. */
export const CONTROL = /[^\x20-\x7e]+/g;
export const FRAGMENT = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]+/g;
export const QUERY = /[^\x21\x24-\x3b\x3d\x3f-\x7e]+/g;
export const SPECIAL_QUERY = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]+/g;
export const PATH = /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]+/g;
export const USERINFO = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]+/g;

/** Encodes the characters of a set, as UTF-8. */
export function encodePercent(text: string, set: RegExp): string {
  return text.search(set) < 0 ? text : text.replace(set, escaped);
}

/** Decodes what is percent-encoded and leaves alone what is not, then reads UTF-8. */
export function decodePercent(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    const binary = binaryOfText(text).replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
    return looseBinary(binary);
  }
}

/** A name or a value of a form. */
export function encodeForm(text: string): string {
  if (!/[^A-Za-z0-9*\-._]/.test(text)) return text;
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return encodeURIComponent(wellFormed).replace(/%20|[!'()~]/g, (part) => (part === "%20" ? "+" : hex(part)));
}

/** The same, read. */
export function decodeForm(text: string): string {
  return decodePercent(text.includes("+") ? text.replaceAll("+", " ") : text);
}

function escaped(run: string): string {
  const encoded = encodeURIComponent(run.isWellFormed() ? run : run.toWellFormed());
  // What it leaves is of the set all the same, such as the apostrophe of a query.
  return encoded.replace(/[!'()*\-._~]/g, hex);
}

function hex(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

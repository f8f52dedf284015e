/**
 * Bodies of HTML forms with files, `multipart/form-data`. They are read and written as texts of one
 * character for each byte, because the engine searches and cuts texts natively.
 */
import { binaryOfBytes, bytesOfBinary, joined } from "./binary.ts";
import { blobContent, File } from "./blob.ts";
import { FormData, formEntries } from "./form-data.ts";
import { binaryOfText, encodeUtf8, looseBinary } from "./utf8.ts";

/** A body, and the type that says how its parts are divided. */
export interface Multipart {
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** A form as a body: a text where it has no bytes of files. */
export function writeMultipart(form: FormData): Multipart {
  const boundary = `----formdata-${digits()}${digits()}`;
  const parts: (string | Uint8Array)[] = [];
  for (const [name, value] of formEntries(form)) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(lines(name))}"`;
    if (typeof value === "string") {
      parts.push(`${head}\r\n\r\n${lines(value)}\r\n`);
      continue;
    }
    const type = value.type === "" ? "application/octet-stream" : value.type;
    parts.push(`${head}; filename="${escaped(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, blobContent(value), "\r\n");
  }
  parts.push(`--${boundary}--\r\n`);
  const isText = parts.every((part) => typeof part === "string");
  const content = isText ? parts.join("") : joined(parts.map((part) => (typeof part === "string" ? encodeUtf8(part) : part)));
  return { content, type: `multipart/form-data; boundary=${boundary}` };
}

/** The form that a body holds. Throws a `TypeError` where it is none. */
export function readMultipart(body: string | Uint8Array, boundary: string): FormData {
  const binary = typeof body === "string" ? binaryOfText(body) : binaryOfBytes(body);
  const delimiter = `--${boundary}`;
  const form = new FormData();
  if (!binary.startsWith(delimiter)) throw wrong("it does not begin with its boundary");
  let at = delimiter.length;
  for (;;) {
    if (binary.startsWith("--", at)) return form;
    if (!binary.startsWith("\r\n", at)) throw wrong("there is something behind a boundary");
    const head = binary.indexOf("\r\n\r\n", at);
    const end = head < 0 ? -1 : binary.indexOf(`\r\n${delimiter}`, head + 2);
    if (end < 0) throw wrong("a part has no end");
    const { name, filename, type } = fieldsOf(binary.slice(at + 2, head));
    // A part of no bytes: its end is the empty line's.
    const content = binary.slice(head + 4, Math.max(end, head + 4));
    if (filename === undefined) form.append(name, looseBinary(content));
    else form.append(name, new File([bytesOfBinary(content)], filename, { type: type ?? "text/plain" }));
    at = end + 2 + delimiter.length;
  }
}

interface PartFields {
  readonly name: string;
  readonly filename: string | undefined;
  readonly type: string | undefined;
}

function fieldsOf(head: string): PartFields {
  let disposition: string | undefined;
  let type: string | undefined;
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    const field = line.slice(0, colon).toLowerCase();
    if (field === "content-disposition") disposition = value;
    if (field === "content-type") type = value;
  }
  if (disposition === undefined || !/^form-data\s*;/i.test(disposition)) throw wrong("a part has no content-disposition of a form");
  const name = parameter(disposition, "name");
  if (name === undefined) throw wrong("a part has no name");
  return { name, filename: parameter(disposition, "filename"), type };
}

function parameter(disposition: string, name: string): string | undefined {
  const [, quoted, token] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;"]+))`, "i").exec(disposition) ?? [];
  const value = quoted ?? token;
  if (value === undefined) return undefined;
  return looseBinary(value).replace(/%0D/gi, "\r").replace(/%0A/gi, "\n").replace(/%22/g, '"');
}

function lines(text: string): string {
  return text.replace(/\r\n?|\n/g, "\r\n");
}

function escaped(name: string): string {
  return name.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");
}

function digits(): string {
  return `${Math.floor(Math.random() * 1e12)}`.padStart(12, "0");
}

function wrong(what: string): TypeError {
  return new TypeError(`the body is no multipart/form-data: ${what}`);
}

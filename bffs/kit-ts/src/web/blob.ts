/** `Blob` and `File` of the File API. What is text stays text until somebody wants its bytes. */
import { copyOf, isBufferSource, joined, type BufferSource } from "./binary.ts";
import { streamOf, type ReadableStream } from "./streams.ts";
import { decodeUtf8, encodeUtf8, utf8Length } from "./utf8.ts";

export type BlobPart = BufferSource | Blob | string;
export interface BlobPropertyBag {
  type?: string | undefined;
  endings?: "transparent" | "native" | undefined;
}
export interface FilePropertyBag extends BlobPropertyBag {
  lastModified?: number | undefined;
}

type Content = string | Uint8Array<ArrayBuffer>;

let contentOf: (blob: Blob) => Content;

/** What a blob holds: a text as long as only texts went into it, else bytes. */
export function blobContent(blob: Blob): string | Uint8Array<ArrayBuffer> {
  return contentOf(blob);
}

export class Blob {
  /** The parts, or all that is in them once somebody has asked. */
  #content: Content | readonly Content[];
  readonly #type: string;

  static {
    contentOf = (blob) => blob.#whole();
  }

  constructor(parts?: Iterable<BlobPart>, options: BlobPropertyBag = {}) {
    if (parts !== undefined && (typeof parts !== "object" || parts === null || typeof parts[Symbol.iterator] !== "function")) {
      throw new TypeError("Blob: the parts are no list");
    }
    const endings = `${options?.endings ?? "transparent"}`;
    if (endings !== "transparent" && endings !== "native") throw new TypeError(`Blob: there are no endings "${endings}"`);
    this.#content = Array.from(parts ?? [], (part) => contentOfPart(part, endings === "native"));
    const type = `${options?.type ?? ""}`;
    this.#type = /^[ -~]*$/.test(type) ? type.toLowerCase() : "";
  }

  /** Bytes. */
  get size(): number {
    const whole = this.#whole();
    return typeof whole === "string" ? utf8Length(whole) : whole.length;
  }

  get type(): string {
    return this.#type;
  }

  slice(start = 0, end?: number, type = ""): Blob {
    const bytes = this.#bytes();
    return new Blob([bytes.subarray(Math.trunc(start), end === undefined ? bytes.length : Math.trunc(end))], { type });
  }

  async text(): Promise<string> {
    const whole = this.#whole();
    if (typeof whole !== "string") return decodeUtf8(whole);
    return whole.charCodeAt(0) === 0xfeff ? whole.slice(1) : whole;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#bytes().slice();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes().slice().buffer;
  }

  stream(): ReadableStream<Uint8Array> {
    return streamOf(() => this.#bytes().slice());
  }

  get [Symbol.toStringTag](): string {
    return "Blob";
  }

  #whole(): Content {
    const content = this.#content;
    if (typeof content === "string" || content instanceof Uint8Array) return content;
    const texts = content.every((part) => typeof part === "string");
    const whole = texts ? content.join("") : joined(content.map((part) => (typeof part === "string" ? encodeUtf8(part) : part)));
    this.#content = whole;
    return whole;
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const whole = this.#whole();
    return typeof whole === "string" ? encodeUtf8(whole) : whole;
  }
}

export class File extends Blob {
  readonly #name: string;
  readonly #lastModified: number;

  constructor(parts: Iterable<BlobPart>, name: string, options: FilePropertyBag = {}) {
    if (arguments.length < 2) throw new TypeError("File: it needs parts and a name");
    super(parts, options);
    this.#name = `${name}`.toWellFormed();
    this.#lastModified = options?.lastModified === undefined ? Date.now() : Math.trunc(Number(options.lastModified)) || 0;
  }

  get name(): string {
    return this.#name;
  }

  get lastModified(): number {
    return this.#lastModified;
  }

  get webkitRelativePath(): string {
    return "";
  }

  override get [Symbol.toStringTag](): string {
    return "File";
  }
}

function contentOfPart(part: BlobPart, native: boolean): Content {
  if (part instanceof Blob) return contentOf(part);
  if (isBufferSource(part)) return copyOf(part);
  const text = `${part}`.toWellFormed();
  return native ? text.replace(/\r\n?/g, "\n") : text;
}

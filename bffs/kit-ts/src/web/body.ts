/**
 * What `Request` and `Response` have in common: a body of the Fetch Standard. It stays the text or
 * the bytes that it was given, so that what is only passed on is never encoded or decoded.
 */
import type { Payload } from "tailor:bff/types@0.1.1";
import { copyOf, isBufferSource, type BufferSource } from "./binary.ts";
import { Blob, blobContent } from "./blob.ts";
import { FormData } from "./form-data.ts";
import type { Headers } from "./headers.ts";
import { readMultipart, writeMultipart } from "./multipart.ts";
import { isDisturbed, readAll, ReadableStream, streamOf } from "./streams.ts";
import { parsePairs, URLSearchParams } from "./url-search-params.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

export type BodyInit = ReadableStream | Blob | BufferSource | FormData | URLSearchParams | string;

/** A body that is whole. */
type Content = string | Uint8Array<ArrayBuffer>;

/** A body and its `content-type`, as the constructors make them. */
export interface Extracted {
  readonly content: BodyContent;
  readonly type: string | null;
}

const FORM = "application/x-www-form-urlencoded";

/** What a value is as a body. */
export function extract(init: BodyInit | null | undefined): Extracted {
  if (typeof init === "string") return { content: init, type: "text/plain;charset=UTF-8" };
  if (init === null || init === undefined) return { content: null, type: null };
  if (isBufferSource(init)) return { content: copyOf(init), type: null };
  if (init instanceof URLSearchParams) return { content: init.toString(), type: `${FORM};charset=UTF-8` };
  if (init instanceof Blob) return { content: blobContent(init), type: init.type === "" ? null : init.type };
  if (init instanceof FormData) return writeMultipart(init);
  if (init instanceof ReadableStream) {
    if (init.locked || isDisturbed(init)) throw new TypeError("the body's stream has been read already, or has a reader");
    return { content: init, type: null };
  }
  return { content: `${init as unknown}`, type: "text/plain;charset=UTF-8" };
}

/** What a body is made of: text or bytes that are whole, or a stream. */
export type BodyContent = Content | ReadableStream | null;

let takeNow: (body: Body) => Payload | undefined;
let takeLater: (body: Body) => Promise<Payload>;
let copyContent: (body: Body) => BodyContent;
let moveContent: (body: Body) => BodyContent;
let contentOf: (body: Body) => BodyContent;

/**
 * The whole body for the contract, which is used up by this. `undefined` where it is a stream that
 * must be read first: `wholeBody` does.
 */
export function wholeBodyNow(body: Body): Payload | undefined {
  return takeNow(body);
}

/** The whole body for the contract, which is used up by this. */
export async function wholeBody(body: Body): Promise<Payload> {
  return takeLater(body);
}

/** The same content once more, for a clone. */
export function clonedContent(body: Body): BodyContent {
  return copyContent(body);
}

/** The content for another body; this one is used up by it. */
export function movedContent(body: Body): BodyContent {
  return moveContent(body);
}

/** The content, which stays where it is. */
export function peekContent(body: Body): BodyContent {
  return contentOf(body);
}

export abstract class Body {
  #content: BodyContent;
  /** What `body` gave out. Until somebody reads of it, the content is still what it holds. */
  #stream: ReadableStream<Uint8Array> | undefined;
  #used = false;

  static {
    takeNow = (body) => body.#takeNow();
    copyContent = (body) => body.#cloned();
    moveContent = (body) => body.#moved();
    contentOf = (body) => body.#content;
    takeLater = async (body) => body.#takeNow() ?? { tag: "bytes", val: await body.#read() };
  }

  /** Not for you: `Request` and `Response` are made of it. */
  protected constructor(content: BodyContent) {
    this.#content = content;
  }

  abstract get headers(): Headers;

  get body(): ReadableStream<Uint8Array> | null {
    const content = this.#content;
    if (content === null) return null;
    if (content instanceof ReadableStream) return content;
    if (this.#stream === undefined) {
      this.#stream = streamOf(() => (typeof content === "string" ? encodeUtf8(content) : content));
      // Somebody has read it before: the stream has nothing any more.
      if (this.#used) void this.#stream.getReader().cancel();
    }
    return this.#stream;
  }

  get bodyUsed(): boolean {
    const stream = this.#streamOf();
    return this.#used || (stream !== undefined && isDisturbed(stream));
  }

  async text(): Promise<string> {
    return textOf(this.#take() ?? (await this.#read()));
  }

  async json(): Promise<any> {
    // At once where the body is whole: the stack of what is no JSON then has the caller's line.
    return JSON.parse(textOf(this.#take() ?? (await this.#read())));
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const whole = this.#take() ?? (await this.#read());
    return typeof whole === "string" ? encodeUtf8(whole) : whole;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  async blob(): Promise<Blob> {
    const whole = this.#take() ?? (await this.#read());
    return new Blob([whole], { type: this.headers.get("content-type") ?? "" });
  }

  async formData(): Promise<FormData> {
    const type = this.headers.get("content-type") ?? "";
    const [essence = ""] = type.split(";");
    const media = essence.trim().toLowerCase();
    const whole = this.#take() ?? (await this.#read());
    if (media === "multipart/form-data") {
      const [, quoted, token] = /;\s*boundary=(?:"([^"]*)"|([^\s;]+))/i.exec(type) ?? [];
      const boundary = quoted ?? token;
      if (boundary === undefined) throw new TypeError("the body is no multipart/form-data: its content-type has no boundary");
      return readMultipart(whole, boundary);
    }
    if (media !== FORM) throw new TypeError(`the body is no form: its content-type is ${type === "" ? "missing" : media}`);
    const form = new FormData();
    for (const [name, value] of parsePairs(typeof whole === "string" ? whole : decodeUtf8(whole))) form.append(name, value);
    return form;
  }

  #cloned(): BodyContent {
    this.#mustBeUsable();
    const content = this.#content;
    if (content === null || typeof content === "string") return content;
    if (content instanceof Uint8Array) return content.slice();
    const [own, other] = content.tee();
    this.#content = own;
    return other;
  }

  #moved(): BodyContent {
    this.#mustBeUsable();
    const content = this.#content;
    if (content === null) return null;
    if (content instanceof ReadableStream) {
      const [kept, moved] = content.tee();
      void kept.cancel();
      this.#content = kept;
      return moved;
    }
    this.#spend();
    return content;
  }

  #streamOf(): ReadableStream | undefined {
    return this.#content instanceof ReadableStream ? this.#content : this.#stream;
  }

  #mustBeUsable(): void {
    const stream = this.#streamOf();
    if (this.#used || (stream !== undefined && (stream.locked || isDisturbed(stream)))) {
      throw new TypeError("the body has been read already: clone() before reading gives it twice");
    }
  }

  /** The content, which is used up by this; `undefined` where a stream has it. */
  #take(): Content | undefined {
    this.#mustBeUsable();
    const content = this.#content;
    if (content === null) return "";
    if (content instanceof ReadableStream) return undefined;
    this.#spend();
    return content;
  }

  #takeNow(): Payload | undefined {
    if (this.#content === null) return { tag: "none" };
    const content = this.#take();
    if (content === undefined) return undefined;
    if (typeof content !== "string") return { tag: "bytes", val: content };
    return { tag: "text", val: content.isWellFormed() ? content : content.toWellFormed() };
  }

  #spend(): void {
    this.#used = true;
    void this.#stream?.getReader().cancel();
  }

  async #read(): Promise<Uint8Array<ArrayBuffer>> {
    return readAll(this.#content as ReadableStream);
  }
}

/** A body as text: well-formed, without a mark of its order of bytes. */
function textOf(whole: Content): string {
  if (typeof whole !== "string") return decodeUtf8(whole);
  const text = whole.isWellFormed() ? whole : whole.toWellFormed();
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The globals of this folder by their names, for the prelude and for tests. */
import { AbortController, AbortSignal } from "./abort.ts";
import { Blob, File } from "./blob.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";
import { CustomEvent, Event, EventTarget } from "./events.ts";
import { FormData } from "./form-data.ts";
import { Headers } from "./headers.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader } from "./streams.ts";
import { structuredClone } from "./structured-clone.ts";
import { CryptoKey, SubtleCrypto } from "./subtle.ts";
import { URL } from "./url.ts";
import { URLSearchParams } from "./url-search-params.ts";

const VALUES = {
  AbortController, AbortSignal, Blob, CryptoKey, CustomEvent, Event, EventTarget, File, FormData, Headers, ReadableStream,
  ReadableStreamDefaultController, ReadableStreamDefaultReader, Request, Response, SubtleCrypto, TextDecoder, TextEncoder, URL, URLSearchParams,
  structuredClone,
};

/** The globals. A bundler may have given the classes other names: here they get their own back. */
export function webGlobals(): typeof VALUES {
  for (const [name, value] of Object.entries(VALUES)) Object.defineProperty(value, "name", { value: name, configurable: true });
  return VALUES;
}

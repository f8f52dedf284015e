/**
 * The globals of the web beside clock and chance, and `Intl`, by their names; `subtle` is that of
 * `crypto`. A component has those that its bundle names (`tools/prelude.mjs`): what is in its image
 * costs every request a little.
 */
export { Intl } from "./intl.ts";
export { AbortController, AbortSignal } from "./web/abort.ts";
export { Blob, File } from "./web/blob.ts";
export { TextDecoder, TextEncoder } from "./web/encoding.ts";
export { CustomEvent, Event, EventTarget } from "./web/events.ts";
export { FormData } from "./web/form-data.ts";
export { Headers } from "./web/headers.ts";
export { Request } from "./web/request.ts";
export { Response } from "./web/response.ts";
export { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader } from "./web/streams.ts";
export { structuredClone } from "./web/structured-clone.ts";
export { CryptoKey, SubtleCrypto } from "./web/subtle.ts";
export { URL } from "./web/url.ts";
export { URLSearchParams } from "./web/url-search-params.ts";
export { console } from "./web-console.ts";
export { subtle } from "./web-crypto.ts";
export { fetch } from "./web-fetch.ts";
export { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./web-timers.ts";

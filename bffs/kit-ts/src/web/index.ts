/**
 * The web's globals that need no host: the prelude puts them on `globalThis`. Nothing here does
 * anything when it is imported.
 */
export { insteadOf } from "./absent.ts";
export { AbortController, AbortSignal, onAbort } from "./abort.ts";
export { type BufferSource } from "./binary.ts";
export { Blob, File, type BlobPart, type BlobPropertyBag, type FilePropertyBag } from "./blob.ts";
export { wholeBody, wholeBodyNow, type BodyInit } from "./body.ts";
export {
  TextDecoder, TextEncoder, type TextDecodeOptions, type TextDecoderOptions, type TextEncoderEncodeIntoResult,
} from "./encoding.ts";
export {
  CustomEvent, Event, EventTarget, type AddEventListenerOptions, type CustomEventInit, type EventInit, type EventListener,
  type EventListenerObject, type EventListenerOptions, type EventListenerOrEventListenerObject,
} from "./events.ts";
export { makeConsole, type Console, type ConsoleLevel, type ConsoleSink } from "./console.ts";
export { FormData, type FormDataEntryValue } from "./form-data.ts";
export { headerList, Headers, type HeaderList, type HeadersInit } from "./headers.ts";
export { giveNames } from "./names.ts";
export {
  incomingRequest, Request, type IncomingRequest, type RequestCache, type RequestCredentials, type RequestInfo, type RequestInit,
  type RequestMode, type RequestRedirect,
} from "./request.ts";
export { incomingResponse, Response, type IncomingResponse, type ResponseInit, type ResponseType } from "./response.ts";
export {
  ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader, type QueuingStrategy, type ReadableStreamReadResult,
  type UnderlyingSource,
} from "./streams.ts";
export { structuredClone, type StructuredSerializeOptions } from "./structured-clone.ts";
export {
  CryptoKey, SubtleCrypto, type Algorithm, type AlgorithmIdentifier, type HmacKeyAlgorithm, type HmacParams, type JsonWebKey, type KeyFormat,
  type KeyUsage,
} from "./subtle.ts";
export { URL } from "./url.ts";
export { URLSearchParams, type URLSearchParamsInit } from "./url-search-params.ts";

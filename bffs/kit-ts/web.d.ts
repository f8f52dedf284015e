/**
 * The web's globals of a BFF, with the types of what is there: `src/web`, and `fetch` and timers.
 * What the web has beside is not declared, so that tsc refuses it: docs/write/web.md says what to
 * use instead.
 */
/// <reference path="./src/world.d.ts" />
import type { TailorInit } from "./src/web-fetch.ts";
import type * as web from "./src/web/index.ts";

declare global {
  // Each name is a type and a value. Interfaces, so that packages can add to them.
  interface AbortController extends web.AbortController {}
  var AbortController: typeof web.AbortController;
  interface AbortSignal extends web.AbortSignal {}
  var AbortSignal: typeof web.AbortSignal;
  interface Blob extends web.Blob {}
  var Blob: typeof web.Blob;
  interface CryptoKey extends web.CryptoKey {}
  var CryptoKey: typeof web.CryptoKey;
  interface CustomEvent<T = any> extends web.CustomEvent<T> {}
  var CustomEvent: typeof web.CustomEvent;
  interface Event extends web.Event {}
  var Event: typeof web.Event;
  interface EventTarget extends web.EventTarget {}
  var EventTarget: typeof web.EventTarget;
  interface File extends web.File {}
  var File: typeof web.File;
  interface FormData extends web.FormData {}
  var FormData: typeof web.FormData;
  interface Headers extends web.Headers {}
  var Headers: typeof web.Headers;
  interface ReadableStream<R = any> extends web.ReadableStream<R> {}
  var ReadableStream: typeof web.ReadableStream;
  interface ReadableStreamDefaultController<R = any> extends web.ReadableStreamDefaultController<R> {}
  var ReadableStreamDefaultController: typeof web.ReadableStreamDefaultController;
  interface ReadableStreamDefaultReader<R = any> extends web.ReadableStreamDefaultReader<R> {}
  var ReadableStreamDefaultReader: typeof web.ReadableStreamDefaultReader;
  interface Request extends web.Request {}
  var Request: typeof web.Request;
  interface Response extends web.Response {}
  var Response: typeof web.Response;
  interface SubtleCrypto extends web.SubtleCrypto {}
  interface TextDecoder extends web.TextDecoder {}
  var TextDecoder: typeof web.TextDecoder;
  interface TextEncoder extends web.TextEncoder {}
  var TextEncoder: typeof web.TextEncoder;
  interface URL extends web.URL {}
  var URL: typeof web.URL;
  interface URLSearchParams extends web.URLSearchParams {}
  var URLSearchParams: typeof web.URLSearchParams;

  type AddEventListenerOptions = web.AddEventListenerOptions;
  type Algorithm = web.Algorithm;
  type AlgorithmIdentifier = web.AlgorithmIdentifier;
  type BlobPart = web.BlobPart;
  type BlobPropertyBag = web.BlobPropertyBag;
  type BodyInit = web.BodyInit;
  type BufferSource = web.BufferSource;
  type CustomEventInit<T = any> = web.CustomEventInit<T>;
  type EventInit = web.EventInit;
  type EventListener = web.EventListener;
  type EventListenerObject = web.EventListenerObject;
  type EventListenerOrEventListenerObject = web.EventListenerOrEventListenerObject;
  type FilePropertyBag = web.FilePropertyBag;
  type FormDataEntryValue = web.FormDataEntryValue;
  type HeadersInit = web.HeadersInit;
  type HmacKeyAlgorithm = web.HmacKeyAlgorithm;
  type JsonWebKey = web.JsonWebKey;
  type KeyFormat = web.KeyFormat;
  type KeyUsage = web.KeyUsage;
  type QueuingStrategy<R = any> = web.QueuingStrategy<R>;
  type ReadableStreamReadResult<R> = web.ReadableStreamReadResult<R>;
  type RequestCache = web.RequestCache;
  type RequestCredentials = web.RequestCredentials;
  type RequestInfo = web.RequestInfo;
  type RequestInit = web.RequestInit;
  type RequestMode = web.RequestMode;
  type RequestRedirect = web.RequestRedirect;
  type ResponseInit = web.ResponseInit;
  type ResponseType = web.ResponseType;
  type UnderlyingSource<R = any> = web.UnderlyingSource<R>;

  interface Console extends web.Console {}
  /**
   * Each call is a line of the log: `debug`, `warn` and `error` have their levels, the others
   * `info`.
   */
  var console: Console;

  /** Calls the service that is the host of the address, under its grants and policy. */
  function fetch(input: RequestInfo | URL, init?: RequestInit & { readonly tailor?: TailorInit }): Promise<Response>;
  /** Runs a task after some milliseconds, within the deadline of the request. */
  function setTimeout(task: (...given: any[]) => void, delayMs?: number, ...given: any[]): number;
  function clearTimeout(id?: number): void;
  function setInterval(task: (...given: any[]) => void, delayMs?: number, ...given: any[]): number;
  function clearInterval(id?: number): void;
  function queueMicrotask(task: () => void): void;
  /** A deep copy. Throws a `DataCloneError` where there is something that has no copy. */
  function structuredClone<T = any>(value: T, options?: web.StructuredSerializeOptions): T;

  /** The engine's own. */
  function atob(base64: string): string;
  /** The engine's own. */
  function btoa(binary: string): string;
  interface DOMException extends Error {
    readonly code: number;
  }
  /** The engine's own. */
  var DOMException: {
    new (message?: string, name?: string): DOMException;
    readonly prototype: DOMException;
  };
}

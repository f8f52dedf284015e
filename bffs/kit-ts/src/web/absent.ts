/**
 * What the web and Node have and a BFF has not, with what to use instead: for the message of who
 * asks for it, and for its type.
 */

const WHOLE = "bodies are whole here: read them with text(), json() or bytes(), and answer with a text or bytes";
const NO_SOCKETS = "the host makes all connections: call a service with fetch()";
const NO_FILES = "a component has no files: import what is to be in it";
const ONE_REQUEST = "each request has an instance of its own, which nothing outlives: keep it in a service";

const SETTINGS = "settings come with config() of the kit, or env of the web's way";
const NO_PAGE = "there is no page here";
const ENTRY = "export default { fetch } takes the requests";

export const INSTEAD = {
  Bun: ENTRY,
  Buffer: "use Uint8Array with TextEncoder and TextDecoder, and atob() and btoa() for Base64",
  BroadcastChannel: ONE_REQUEST,
  ByteLengthQueuingStrategy: "give ReadableStream an object with highWaterMark and size",
  CompressionStream: "a proxy in front of the host can compress",
  CountQueuingStrategy: "give ReadableStream an object with highWaterMark",
  DecompressionStream: "the host decodes what services answer",
  Deno: `${ENTRY}; ${SETTINGS}`,
  EventSource: NO_SOCKETS,
  FileReader: "use text(), bytes() or arrayBuffer() of the Blob",
  MessageChannel: "use promises, or an EventTarget",
  TextDecoderStream: `use TextDecoder with { stream: true }; ${WHOLE}`,
  TextEncoderStream: `use TextEncoder; ${WHOLE}`,
  TransformStream: WHOLE,
  WebAssembly: "the engine runs JavaScript alone: write this BFF in another language, or take a package without it",
  WebSocket: NO_SOCKETS,
  WebSocketPair: NO_SOCKETS,
  Worker: "fetch() and Promise.all() run calls side by side in the host",
  WritableStream: WHOLE,
  XMLHttpRequest: "use fetch()",
  __dirname: NO_FILES,
  __filename: NO_FILES,
  addEventListener: ENTRY,
  caches: "the host keeps what services answer, by its configuration",
  clearImmediate: "use clearTimeout()",
  document: NO_PAGE,
  global: "use globalThis",
  indexedDB: ONE_REQUEST,
  localStorage: ONE_REQUEST,
  location: "the address of a request is request.url",
  navigator: "there is no browser here",
  process: SETTINGS,
  reportError: "throw it, or log it with console.error()",
  require: "import it: packages are bundled as modules",
  self: "use globalThis",
  sessionStorage: ONE_REQUEST,
  setImmediate: "use queueMicrotask() or setTimeout()",
  window: "use globalThis",
} as const satisfies Readonly<Record<string, string>>;

declare const NOT_HERE: unique symbol;

/**
 * The type of what is not there: it has nothing that could be used, and tsc names the way out with
 * it. Only the question whether it is there passes: `typeof process === "undefined"`.
 */
export interface NotInAComponent<UseInstead extends string> {
  readonly [NOT_HERE]: UseInstead;
}

export type Instead = typeof INSTEAD;

/**
 * What to use instead of a global that is not there, as the end of a sentence; `undefined` for a
 * name that the web and Node have not either.
 */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(INSTEAD, name) ? (INSTEAD as Readonly<Record<string, string>>)[name] : undefined;
}

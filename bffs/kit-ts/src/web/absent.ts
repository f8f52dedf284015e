/**
 * What the web has and a BFF has not, with what to use instead: for the message of who asks for it.
 */

const WHOLE = "bodies are whole here: read them with text(), json() or bytes(), and answer with a text or bytes";
const NO_SOCKETS = "the host makes all connections: call a service with fetch()";
const NO_FILES = "a component has no files: import what is to be in it";
const ONE_REQUEST = "each request has an instance of its own, which nothing outlives: keep it in a service";

const INSTEAD: Readonly<Record<string, string>> = {
  Buffer: "use Uint8Array with TextEncoder and TextDecoder, and atob() and btoa() for Base64",
  BroadcastChannel: ONE_REQUEST,
  ByteLengthQueuingStrategy: "give ReadableStream an object with highWaterMark and size",
  CompressionStream: "a proxy in front of the host can compress",
  CountQueuingStrategy: "give ReadableStream an object with highWaterMark",
  DecompressionStream: "the host decodes what services answer",
  EventSource: NO_SOCKETS,
  MessageChannel: "use promises, or an EventTarget",
  TextDecoderStream: `use TextDecoder with { stream: true }; ${WHOLE}`,
  TextEncoderStream: `use TextEncoder; ${WHOLE}`,
  TransformStream: WHOLE,
  WebAssembly: "the engine runs JavaScript alone: write this BFF in another language, or take a package without it",
  WebSocket: NO_SOCKETS,
  Worker: "fetch() and Promise.all() run calls side by side in the host",
  WritableStream: WHOLE,
  XMLHttpRequest: "use fetch()",
  __dirname: NO_FILES,
  __filename: NO_FILES,
  caches: "the host keeps what services answer, by its configuration",
  document: "there is no page here",
  global: "use globalThis",
  indexedDB: ONE_REQUEST,
  localStorage: ONE_REQUEST,
  navigator: "there is no browser here",
  process: "settings come with config() of the kit, or env of the web's way",
  reportError: "throw it, or log it with console.error()",
  require: "import it: packages are bundled as modules",
  self: "use globalThis",
  sessionStorage: ONE_REQUEST,
  setImmediate: "use queueMicrotask() or setTimeout()",
  window: "use globalThis",
};

/**
 * What to use instead of a global that is not there, as the end of a sentence; `undefined` for a
 * name that the web and Node have not either.
 */
export function insteadOf(name: string): string | undefined {
  return Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
}

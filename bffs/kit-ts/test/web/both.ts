/** The kit's own web globals, and Node's beside them. */
import { File } from "node:buffer";
import * as web from "../../src/web/index.ts";

export type Globals = Pick<
  typeof web, "Headers" | "Request" | "Response" | "Blob" | "File" | "FormData" | "URLSearchParams" | "ReadableStream" | "AbortController" | "URL"
>;
export type Form = InstanceType<Globals["FormData"]>;
export const kit: Globals = web;
export const node = { ...pick(), File } as unknown as Globals;

function pick(): object {
  const { Headers, Request, Response, Blob, FormData, URLSearchParams, ReadableStream, AbortController, URL } = globalThis;
  return { Headers, Request, Response, Blob, FormData, URLSearchParams, ReadableStream, AbortController, URL };
}


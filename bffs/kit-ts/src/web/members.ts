/** What the log shows of the web's own objects, whose members are getters of their class. */
import { AbortSignal } from "./abort.ts";
import { Blob, File } from "./blob.ts";
import { Event } from "./events.ts";
import { FormData } from "./form-data.ts";
import { Headers } from "./headers.ts";
import { Request } from "./request.ts";
import { Response } from "./response.ts";
import { CryptoKey } from "./subtle.ts";
import { URL } from "./url.ts";
import { URLSearchParams } from "./url-search-params.ts";

type Members = readonly (readonly [name: string, value: unknown])[];

/** The members, or `undefined` for what is no object of the web. */
export function membersOf(value: object): Members | undefined {
  if (value instanceof Headers || value instanceof URLSearchParams || value instanceof FormData) return [...value];
  if (value instanceof URL) return [["href", value.href]];
  if (value instanceof Request) return picked(value, ["method", "url", "headers", "bodyUsed"]);
  if (value instanceof Response) return picked(value, ["status", "statusText", "headers", "bodyUsed"]);
  if (value instanceof File) return picked(value, ["name", "size", "type"]);
  if (value instanceof Blob) return picked(value, ["size", "type"]);
  if (value instanceof AbortSignal) return picked(value, ["aborted"]);
  if (value instanceof Event) return picked(value, ["type", "target"]);
  if (value instanceof CryptoKey) return picked(value, ["type", "extractable", "algorithm", "usages"]);
  return undefined;
}

function picked<T extends object>(value: T, names: readonly (keyof T & string)[]): Members {
  return names.map((name) => [name, value[name]] as const);
}

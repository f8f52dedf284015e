/** The web's globals as the code of a BFF sees them. Nothing here runs: tsc alone reads it. */

export async function used(given: Request): Promise<Response> {
  const signal: AbortSignal = AbortSignal.any([given.signal, AbortSignal.timeout(100)]);
  const headers = new Headers({ accept: "application/json" });
  for (const [name, value] of headers) console.log(`${name}: ${value}`);
  const [one, other] = await Promise.all([
    fetch(new URL("http://steps/users/ada"), { signal, headers }),
    fetch("http://sleep/users/ada", { method: "POST", body: JSON.stringify({ at: 1 }) }),
  ]);
  const form: FormData = await other.formData();
  const file: FormDataEntryValue | null = form.get("file");
  const text: string = file instanceof File ? await file.text() : (file ?? "");
  for await (const chunk of one.body ?? []) console.debug(chunk.length);
  const timer: number = setTimeout((left: number) => left, 5, 1);
  clearTimeout(timer);
  queueMicrotask(() => undefined);
  const digest: ArrayBuffer = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const copy = structuredClone({ digest: new Uint8Array(digest), text: atob(btoa(text)) });
  if (given.signal.aborted) throw new DOMException("too late", "AbortError");
  return Response.json({ size: copy.digest.length, query: new URL(given.url).searchParams.get("q") }, { status: 201 });
}

export const stream: ReadableStream<number> = new ReadableStream<number>({ start: (controller) => controller.enqueue(1) });
export const body: BodyInit = new Blob(["x", Uint8Array.of(1)], { type: "text/plain" });
export const event: CustomEvent<number> = new CustomEvent("x", { detail: 1 });
export class Own extends Response {}
export const plain: Response = new Own(new URLSearchParams({ a: "1" }));

// What is not there must not be found.
// @ts-expect-error
export const transform = new TransformStream();
// @ts-expect-error
export const socket = new WebSocket("ws://h");
// @ts-expect-error
export const buffer = Buffer.from("x");
// @ts-expect-error
export const { env } = process;
// @ts-expect-error
export const store = localStorage;

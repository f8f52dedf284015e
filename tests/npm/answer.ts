/** One request into the BFF of this folder, in Node. */
import { hostGlobals } from "../../bffs/kit-ts/src/globals.ts";
import { timeMs, type Fixture } from "../../bffs/kit-ts/testing/fixture.ts";
import { enter } from "../../bffs/kit-ts/testing/world/state.ts";
import app from "./src/main.ts";

/** What came out, with the bytes of the body in hexadecimal digits. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Answers a fixture's request, with Node's globals and the fixture's clock and chance. */
export async function answer({ request, now = "2026-01-15T12:00:00Z", seed = 0 }: Fixture): Promise<Answer> {
  const refused = (): never => {
    throw new Error("no services here");
  };
  enter({ answer: refused, log: () => undefined, config: () => null, nowMs: timeMs(now), timeLeftMs: 2000, random: seed, waitedMs: 0 });
  const { Date, crypto, random } = hostGlobals(() => undefined);
  Math.random = random;
  Object.assign(globalThis, { Date });
  Object.assign(globalThis.crypto, { getRandomValues: crypto.getRandomValues, randomUUID: crypto.randomUUID });
  const { method = "GET", path, headers, body } = request;
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const typed = typeof body === "object" ? { "content-type": "application/json", ...headers } : { ...headers };
  const length = text === undefined ? {} : { "content-length": String(new TextEncoder().encode(text).length) };
  const given = new Request(`http://localhost${path}`, {
    method,
    headers: { ...typed, ...length },
    ...(text === undefined ? {} : { body: text }),
  });
  const response = await app.fetch(given);
  return { status: response.status, headers: [...response.headers], body: Buffer.from(await response.arrayBuffer()).toString("hex") };
}

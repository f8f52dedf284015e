/**
 * An app that answers without calls which it has begun. `heart` answers at once, `sleep` never
 * does. Each path has what the answer's `tailor-degraded` has to say.
 */
import { start } from "tailor:bff/downstream@0.1.1";

const HEART = "http://heart/";
const SLEEP = "http://sleep/";
const wait = (ms: number): Promise<undefined> => new Promise((done) => setTimeout(() => done(undefined), ms));

const ways: Readonly<Record<string, readonly [way: () => Promise<unknown>, degraded: string]>> = {
  none: [() => fetch(HEART), ""],
  timeout: [() => fetch(SLEEP, { signal: AbortSignal.timeout(5) }).catch(() => undefined), "sleep;failed=cancelled"],
  "timeout-of-the-call": [() => fetch(SLEEP, { tailor: { timeoutMs: 5 } } as object).catch(() => undefined), "sleep;failed=timeout"],
  abort: [
    async () => {
      const controller = new AbortController();
      const calls = [SLEEP, SLEEP, HEART].map((url) => fetch(url, { signal: controller.signal }));
      await calls[2];
      controller.abort();
      await Promise.allSettled(calls);
    },
    "sleep;failed=cancelled;n=2",
  ],
  "too-late": [
    async () => {
      const controller = new AbortController();
      await fetch(HEART, { signal: controller.signal });
      controller.abort();
    },
    "",
  ],
  race: [() => Promise.race([fetch(SLEEP), wait(5)]), "sleep;failed=cancelled"],
  first: [() => Promise.any([fetch(SLEEP), fetch(HEART)]), "sleep;failed=cancelled"],
  forgotten: [async () => void fetch(SLEEP), "sleep;failed=cancelled"],
  started: [
    async () => {
      start({ service: "sleep", method: "get", path: "/", query: [], headers: [], body: { tag: "none" }, select: [] });
    },
    "sleep;failed=cancelled",
  ],
};

export default {
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "") return Response.json(Object.entries(ways).map(([way, [, degraded]]) => [`/${way}`, degraded]));
    await ways[name]?.[0]();
    return new Response("answered");
  },
};

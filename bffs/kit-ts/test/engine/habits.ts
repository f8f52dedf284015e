/**
 * What frontend engineers write by habit, a path each, in the web's way. The integration test
 * `habits` has the answers and lines of the log.
 */
import { differences } from "./rows.ts";

const HEART = "http://heart/users/ada";

interface Heart {
  readonly bpm: number;
}

const heart = async (): Promise<Heart> => (await (await fetch(HEART)).json()) as Heart;
const day = { failing(): never { throw new RangeError("31 is not a month"); } };
const days = { first: () => day.failing() };

const habits: Readonly<Record<string, (request: Request) => unknown>> = {
  await: async () => {
    const [one, other, late] = await Promise.all([heart(), heart().then(({ bpm }) => bpm + 1), new Promise((done) => setTimeout(done, 2, "late"))]);
    return Response.json([one.bpm, other, late]);
  },
  rejected: () => {
    void Promise.reject(new Error("nobody handles it"));
    return new Response("200");
  },
  "rejected-later": async () => {
    await heart();
    await Promise.reject(new Error("after a call"));
  },
  web: async (request) => {
    const url = new URL("/a?b=1#c", request.url);
    const sent = new Request(url, { method: "POST", body: new URLSearchParams({ d: "\u00e9" }), headers: new Headers({ e: "f" }) });
    const copy = structuredClone({ map: new Map([["g", new Date(0)]]) });
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("h")));
    console.log("one", { two: [3] });
    return Response.json([url.search, await sent.text(), sent.headers.get("e"), copy.map.get("g")?.getTime(), hash.length, atob(btoa("i"))]);
  },
  now: () => {
    const apart = Math.abs(new Date().getTime() - Date.now());
    return Response.json([apart < 1000, Date.now() > Date.UTC(2026, 0), performance.now() > 0]);
  },
  chance: () => Response.json([Math.random(), crypto.randomUUID()]),
  locale: () => new Response((1234.5).toLocaleString("de-DE")),
  post: async (request) => {
    const { kg } = (await request.json()) as { readonly kg: number };
    const stored = await fetch(HEART, { method: "POST", body: JSON.stringify({ kg }), headers: { "content-type": "application/json" } });
    return Response.json({ kg, stored: stored.status }, { status: 201, headers: { location: "/weights/1" } });
  },
  line: () => [1].map((day) => ({ day, first: days.first() })),
  cause: () => {
    try {
      day.failing();
    } catch (cause) {
      throw new TypeError("no date", { cause });
    }
  },
  object: () => {
    throw { code: 7 };
  },
  several: async () => {
    await Promise.any([Promise.reject(new Error("one")), Promise.reject(new Error("two"))]);
  },
  payload: async () => {
    await fetch("http://sleep/");
  },
  plain: () => ({ steps: 1 }),
  nothing: () => undefined,
  status: () => Response.json({}, { status: "200" as unknown as number }),
  "status-high": () => new Response(null, { status: 1000 }),
  emoji: () => Response.json({ title: "\u{1f642}".slice(0, 1) }),
  number: () => new Response("1", { headers: { "x-steps": 8 as unknown as string } }),
  "many-lines": () => {
    for (let line = 0; line < 100; line += 1) console.debug(line);
    for (let line = 0; line < 100; line += 1) console.info(line);
    throw new Error("after many lines");
  },
  rows: () => Response.json(differences()),
};

export default {
  async fetch(request: Request): Promise<Response> {
    return (await habits[new URL(request.url).pathname.slice(1)]?.(request)) as Response;
  },
};

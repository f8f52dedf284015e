/** A BFF that makes more calls at once than it may, in the kit's way and in the web's. */
import { bff, get, getJson, json, number, send, why } from "../../src/index.ts";

const MANY = 200;

/** How many calls ended in which way. */
async function counted(one: () => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const end of await Promise.all(Array.from({ length: MANY }, one))) counts[end] = (counts[end] ?? 0) + 1;
  return counts;
}

const kindOf = (fault: unknown): string => ((fault as Error).cause as { readonly kind: string }).kind;

export const handler = bff([
  get("/kit", async () => {
    const outcome = (): Promise<string> => send(getJson("heart", "/now", {}, number)).then((it) => (it.kind === "value" ? "value" : why(it)));
    return json(await counted(outcome));
  }),
  get("/web", async () => {
    return json(await counted(() => fetch("http://heart/now").then(({ status }) => `${status}`, kindOf)));
  }),
  get("/abort", async () => {
    const ended = (): Promise<string> =>
      fetch("http://heart/slow", { signal: AbortSignal.timeout(20) }).then(() => "answer", ({ name }: Error) => name);
    return json(await counted(ended));
  }),
  get("/wrong", async () => {
    await fetch("http://heart/now", { tailor: { timeoutMs: "5" } } as RequestInit);
    return json(null);
  }),
]);

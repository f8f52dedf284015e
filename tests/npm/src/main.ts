/**
 * A route for each package, whose answer is what its functions gave. Node answers the same
 * requests with the same modules, and each byte is compared.
 */
import { dateFns } from "./date-fns.ts";
import { dayJs } from "./dayjs.ts";
import { app } from "./hono.ts";
import { router } from "./itty-router.ts";
import { tokens } from "./jose.ts";
import { dayJsByIntl, luxonByIntl } from "./locales.ts";
import { lodash } from "./lodash-es.ts";
import { luxon } from "./luxon.ts";
import { nanoid } from "./nanoid.ts";
import { query } from "./qs.ts";
import { superJson } from "./superjson.ts";
import { uuid } from "./uuid.ts";
import { valibot } from "./valibot.ts";
import { zod } from "./zod.ts";

const PACKAGES: Readonly<Record<string, () => unknown>> = {
  "date-fns": dateFns,
  dayjs: dayJs,
  "dayjs-intl": dayJsByIntl,
  jose: tokens,
  "lodash-es": lodash,
  luxon,
  "luxon-intl": luxonByIntl,
  nanoid,
  qs: query,
  superjson: superJson,
  uuid,
  valibot,
  zod,
};

export default {
  async fetch(request: Request): Promise<Response> {
    const [, first = ""] = new URL(request.url).pathname.split("/");
    if (first === "hono") return app.fetch(request);
    if (first === "itty-router") return router.fetch(request);
    const functions = PACKAGES[first];
    if (functions === undefined) return new Response(`no package ${first}`, { status: 404 });
    return Response.json(await functions());
  },
};

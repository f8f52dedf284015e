/** A BFF without routes: what `bff` does for its handlers is done for it, too. */
import { fetch } from "tailor:bff/downstream@0.1.1";
import type { Request, Response } from "tailor:bff/types@0.1.1";
import { json, Problem } from "../../src/index.ts";

const answers: Readonly<Record<string, (this: unknown) => unknown>> = {
  "/nothing": () => undefined,
  "/header": () => json(1, [["x-steps", 8 as never]]),
  "/throw": () => {
    throw new RangeError("too many");
  },
  "/problem": () => {
    throw new Problem(404, "no such screen");
  },
  "/call": () => fetch({ service: "sleep" } as never),
  "/this": function () {
    return json(this === handler);
  },
};

export const handler = {
  handle(request: Request): Response {
    return answers[request.path]?.call(this) as Response;
  },
};

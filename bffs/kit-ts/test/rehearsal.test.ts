/** The request that is rehearsed when a component is built. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { watched } from "../src/entry.ts";
import type { Response } from "../src/index.ts";
import { rehearse } from "../src/rehearsal.ts";

test("a rehearsal goes the whole way, and asks nothing of the host", () => {
  // Outside of a test's request, the doubles of the host throw.
  const { status, body } = rehearse(watched) as Response;
  assert.deepEqual([status, body.tag === "text" && JSON.parse(body.val)], [200, { kind: "value", path: "/users/ada" }]);
});

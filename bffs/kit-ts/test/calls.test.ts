/**
 * Calls of the host of another form than the contract's: each is a `TypeError` where the author's
 * line is.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expected, handler } from "./engine/calls.ts";
import { logOf } from "./helpers.ts";

test("a call of the wrong form is a TypeError that says which field", () => {
  for (const [path = "", message] of expected) {
    const { caught, lines } = logOf(handler.handle, path);
    assert.ok(caught instanceof TypeError, path);
    const [line, ...more] = lines;
    assert.deepEqual([line?.level, line?.message, more], ["error", message, []], path);
    assert.match(line?.fields["stack"] ?? "", /engine\/calls\.ts:\d+:\d+/, path);
  }
});

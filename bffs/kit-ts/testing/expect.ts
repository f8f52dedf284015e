/**
 * Comparing an answer with what a fixture expects, so that the message of a failure shows both
 * whole.
 */
import assert from "node:assert/strict";
import type { Answer } from "./call.ts";
import { pairsIn, writtenIn, type Expected } from "./fixture.ts";
import { readNode, same, type Node } from "./json.ts";

/** Throws an `AssertionError` at the first difference. Header names are compared in lower case. */
export function checkExpected(answer: Answer, expected: Expected): void {
  if (expected.status !== undefined) assert.equal(answer.status, expected.status, `status; body: ${answer.text}`);
  for (const [name, value] of pairsIn(expected.headers)) {
    assert.equal(answer.headers[name.toLowerCase()], value, `header ${name}`);
  }
  if (expected.json !== undefined && !same(nodeOf(answer.text), readNode(writtenIn(expected, expected.json)))) {
    // Shows both, where JavaScript sees the difference.
    assert.deepEqual(answer.json(), expected.json);
    assert.equal(answer.text, writtenIn(expected, expected.json));
  }
  if (expected.text !== undefined) assert.equal(answer.text, expected.text);
}

function nodeOf(text: string): Node | undefined {
  try {
    return readNode(text);
  } catch {
    return undefined;
  }
}

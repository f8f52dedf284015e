/**
 * Tests of a BFF without host, engine or network: the contract is replaced by doubles (see
 * tools/test.mjs) that answer from a fixture and refuse what the host would refuse. They stand in
 * for the contract, not for the operator's policy: no grants, caches, retries or size limits. This
 * runs in Node and must never be imported by a BFF.
 */
/// <reference path="../src/world.d.ts" />

export { call, callAsync, type Answer, type LogLine, type TestedApp } from "./call.ts";
export { readFixtures, type Downstream, type Expected, type Fixture, type FixtureRequest } from "./fixture.ts";
export { checkExpected } from "./expect.ts";
export { failure, reply } from "./replies.ts";

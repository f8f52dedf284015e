/** Every file of fixtures/ answers as it says. */
import { test } from "node:test";
import { call, checkExpected, readFixtures } from "@tailor/kit/testing";
import { handler } from "../src/main.ts";

for (const [name, fixture] of readFixtures("fixtures")) {
  test(name, () => {
    checkExpected(call(handler, fixture), fixture.expect ?? {});
  });
}

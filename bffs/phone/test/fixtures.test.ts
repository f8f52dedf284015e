/** Every file of fixtures/ answers as it says. */
import { test } from "node:test";
import { callAsync, checkExpected, readFixtures } from "@tailor/kit/testing";
import app from "../src/main.ts";

for (const [name, fixture] of readFixtures("fixtures")) {
  test(name, async () => {
    checkExpected(await callAsync(app, fixture), fixture.expect ?? {});
  });
}

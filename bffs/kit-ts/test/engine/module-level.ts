/** A BFF whose module-level code asks for the time: it must not build, since the answer would be the time of the build. */
import { bff, get, json } from "../../src/index.ts";

const started = new Date();

export const handler = bff([get("/", () => json(started))]);

import { MAX, NIL, parse, stringify, v1, v1ToV6, v3, v4, v5, v6, v6ToV1, v7, validate, version } from "uuid";
import { thrown } from "./thrown.ts";

/** All versions: by clock and chance of the fixture, and by names. */
export async function uuid(): Promise<unknown> {
  const random = Uint8Array.from({ length: 16 }, (_, index) => index * 16);
  const one = v1();
  const ids = [one, v3("tailor.example", v3.DNS), v4(), v5("https://tailor.example/", v5.URL), v6(), v7(), v7(), NIL, MAX];
  return {
    ids,
    versions: ids.map(version),
    valid: [validate(v4()), validate("not an id"), validate(NIL)],
    given: [v4({ random }), v7({ msecs: 1_768_478_400_000, seq: 7, random }), v1({ msecs: 0, clockseq: 0x1234, node: random.slice(0, 6) })],
    bytes: [Array.from(parse(ids[3] ?? "")), stringify(random), Array.from(v4({ random }, new Uint8Array(20), 2))],
    order: [
      v1ToV6(one),
      v6ToV1(v1ToV6(one)) === one,
      [v7(), v7(), v7()].every((id, index, all) => index === 0 || id > (all[index - 1] ?? "")),
    ],
    thrown: [await thrown(() => parse("x")), await thrown(() => stringify(new Uint8Array(16).fill(17)))],
  };
}

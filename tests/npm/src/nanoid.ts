import { customAlphabet, customRandom, nanoid as id, random, urlAlphabet } from "nanoid";
import { customAlphabet as guessable, nanoid as guessableId } from "nanoid/non-secure";

/** Ids by the fixture's chance, of several alphabets and lengths. */
export function nanoid(): unknown {
  const digits = customAlphabet("0123456789", 12);
  let seed = 7;
  const reckoned = customRandom("abcdef", 10, (size) => Uint8Array.from({ length: size }, () => (seed = (seed * 75 + 74) % 65_537) & 255));
  return {
    ids: [id(), id(), id(10), id(64)],
    alphabets: [digits(), digits(4), customAlphabet(urlAlphabet, 30)(), reckoned()],
    bytes: Array.from(random(8)),
    guessable: [guessableId(), guessable("xyz", 16)()],
    different: new Set(Array.from({ length: 500 }, () => id())).size,
  };
}

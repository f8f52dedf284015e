/** `crypto.subtle`, with the host's random numbers for new keys. */
import { randomBytes } from "./host.ts";
import { SubtleCrypto } from "./web/subtle.ts";

export const subtle = new SubtleCrypto(randomBytes);

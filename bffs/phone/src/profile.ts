/** The user's profile, which says how to write: everything else on a screen depends on it. */
import { object, Problem, string } from "@tailor/kit";
import { part, type Part } from "./parts.ts";

const profile = object({ name: string, locale: string, time_zone: string, units: string });
export type Profile = ReturnType<typeof profile>;

/** How to write for somebody whose profile is not there. */
const NOBODY: Profile = { name: "", locale: "en-GB", time_zone: "UTC", units: "metric" };

/** A profile to write by, and how the call for it ended. */
export interface Reader {
  readonly profile: Profile;
  readonly found: Part<Profile>;
}

/** The user's profile, or nobody's where it is missing. Throws 404 for an unknown user. */
export async function profileOf(user: string, signal: AbortSignal): Promise<Reader> {
  const found = await part(`http://profile/users/${encodeURIComponent(user)}`, profile, signal);
  if ("value" in found) return { profile: found.value, found };
  if (found.why === "status-404") throw new Problem(404, `no user \`${user}\``);
  return { profile: NOBODY, found };
}

/**
 * Earlier patches of the contract, whose names in a BFF's sources stand for the kit's own: a patch only adds functions.
 * The interfaces are those that have functions; what has types only is not there in JavaScript.
 */
const CURRENT = "0.1.1";
const EARLIER = ["0.1.0"];

/**
 * For esbuild's `alias`: each name of an earlier patch, and `to` for the interface.
 *
 * @param {(name: string) => string} to
 */
export function earlier(to) {
  const names = ["downstream", "runtime"];
  return Object.fromEntries(EARLIER.flatMap((patch) => names.map((name) => [`tailor:bff/${name}@${patch}`, to(name)])));
}

/** The name of an interface in the kit's own version of the contract. @param {string} name */
export function current(name) {
  return `tailor:bff/${name}@${CURRENT}`;
}

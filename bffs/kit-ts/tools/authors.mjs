/**
 * Tells src/module-level.ts which lines of a bundle are the author's, and neither a package's nor
 * the kit's.
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { mappingsOf } from "./lines.mjs";

/** What stands there in the kit's source. */
const PLACE = '"lines of the author"';
const KIT = relative(process.cwd(), fileURLToPath(new URL("../src/", import.meta.url)));

/**
 * The bundle with the lines in it: the first and last one of each piece. No other line moves.
 *
 * @param {string} bundle
 * @param {string} mappings of its source map
 * @param {readonly string[]} files the sources of the map, as seen from the BFF's folder
 */
export function withAuthorsLines(bundle, mappings, files) {
  const isAuthors = files.map((file) => !/(?:^|[\\/])node_modules[\\/]/.test(file) && !file.startsWith(KIT));
  /** @type {number[]} */
  const lines = [];
  let before = -1;
  for (const [line, [first]] of mappingsOf(mappings).entries()) {
    if (first === undefined) continue;
    if (!isAuthors[first.file]) before = -1;
    else if (first.file === before) lines[lines.length - 1] = line + 1;
    else {
      before = first.file;
      lines.push(line + 1, line + 1);
    }
  }
  return bundle.replace(PLACE, () => JSON.stringify(lines.join(",")));
}

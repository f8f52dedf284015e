/**
 * Which files of a package go into a bundle, and what is said when there are none for this engine.
 * The bundler and the runner of tests share it, so that a test runs the code that the component
 * has.
 */
import { isBuiltin } from "node:module";

/**
 * For esbuild. The engine is neither Node nor a browser: of the files that a package has for
 * several, those for workers come first, then those for browsers, which at least do not ask for
 * Node; else what it has for all. Only with this platform does the field `browser` of a package
 * leave out single files.
 *
 * @type {Pick<import("esbuild").BuildOptions, "platform" | "conditions" | "mainFields" | "define">}
 */
export const resolution = {
  platform: "browser",
  conditions: ["worker", "browser", "module"],
  mainFields: ["browser", "module", "main"],
  define: { "process.env.NODE_ENV": '"production"' },
};

/**
 * A message of esbuild, with advice that fits this engine. Its own is to bundle for Node, or to
 * leave the import to the program that runs the bundle.
 *
 * @param {import("esbuild").Message} message
 * @returns {import("esbuild").Message}
 */
export function fitting(message) {
  const name = /^Could not resolve "(.*)"$/.exec(message.text)?.[1];
  if (name === undefined || name.startsWith(".") || name.startsWith("/")) return message;
  const importer = message.location?.file ?? "the entry";
  const owner = packageOf(importer);
  const text = isBuiltin(name)
    ? `"${name}" is a part of Node, and the engine of a component has nothing of it. ` +
      (owner === undefined
        ? `Take it out of ${importer}: only tests may use what Node has.`
        : `The package "${owner}" asks for it: take another one, or a version that is made for browsers or workers.`)
    : `"${name}" is not installed where ${owner === undefined ? importer : `the package "${owner}"`} can see it: name ` +
      `it in the dependencies of package.json and install it, or look whether it has files for browsers or workers.`;
  return { ...message, notes: [{ text, location: null }] };
}

/** The package that a file belongs to, if it is an installed one. @param {string} file */
function packageOf(file) {
  const [, inside] = /.*(?:^|\/)node_modules\/(.*)/.exec(file) ?? [];
  const [first, second] = inside?.split("/") ?? [];
  return first?.startsWith("@") ? `${first}/${second}` : first;
}

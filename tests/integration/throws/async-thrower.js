// A package as npm has them: an ES module with async functions, in node_modules.
export async function thrown(given) {
  await null;
  return [given].map((each) => {
    throw /*@package*/new TypeError(`from a package: ${each}`);
  });
}
export async function later(callback) {
  await null;
  return callback();
}
export const rejected = () => Promise.reject(/*@package-rejected*/new RangeError("rejected"));

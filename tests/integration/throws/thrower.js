// A package as npm has them: plain JavaScript, in node_modules.
"use strict";
function check(given) {
  if (given > 0) {
    throw /*@package*/new TypeError(
      "from a package",
      given,
    );
  }
}
exports.thrown = function thrown(given) {
  return [given]./*@package 2*/map((each) => /*@package 1*/check(each));
};
exports.later = (callback) => {
  return (
    /*@package-callback 1*/callback()
  );
};
// As packages measure themselves: nothing of it may reach an answer.
exports.loaded = Date.now();
exports.now = () => Date.now();

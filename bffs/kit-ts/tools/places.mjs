/**
 * What may fail at each place of a bundle that the engine names.
 *
 * QuickJS notes a place in its byte code only at some tokens: a variable, what follows the
 * parenthesis of a call, what follows `new`, `throw` and an operator, and the beginning of an
 * expression that is a statement. Whatever comes after one has its place, up to the next: in
 * `plan(days, nothing().steps)` the property and the outer call both have that of the inner call's
 * `)`. So this goes over the bundle in the engine's order, and collects what lies behind each such
 * place; with the name that the engine gives in the error or in the stack, the right one of them is
 * found (src/lookup.mjs).
 */
import { KINDS } from "../src/lookup.mjs";
import { Statements } from "./statements.mjs";

/**
 * @typedef {object} Step
 * @property {number} kind one of `KINDS`
 * @property {string} name of the variable, property or function, or nothing
 * @property {number} at the position in the bundle that stands for it: where Node says it is
 */

/**
 * The places that the engine can name, as positions in the text, each with its steps in their
 * order.
 *
 * @param {string} bundle
 * @returns {Map<number, Step[]>}
 */
export function placesOf(bundle) {
  /** @type {Map<number, Step[]>} */
  const places = new Map();
  const statements = new Statements(bundle);
  for (const { place, step } of statements.all()) {
    const steps = places.get(place) ?? [];
    places.set(place, steps);
    if (step === undefined) continue;
    const known = step.kind === KINDS.call && statements.declared.has(step.name);
    steps.push(known ? { ...step, kind: KINDS.known } : step);
  }
  return places;
}


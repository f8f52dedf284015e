/**
 * Goes over objects, what declarations take apart, and functions, in the order in which the engine
 * makes its byte code. See places.mjs.
 */
import { KINDS } from "../src/lookup.mjs";
import { Expressions } from "./expressions.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */

export class Functions extends Expressions {
  /** @param {string} text */
  constructor(text) {
    super(text);
    /**
     * Which parentheses are the parameters of an arrow function, as far as known.
     *
     * @type {Map<number, boolean>}
     */
    this.arrows = new Map();
    /**
     * The names of functions and classes: a call of one of another name is none of them.
     *
     * @type {Set<string>}
     */
    this.declared = new Set();
  }

  /** @override */
  object() {
    this.expect("{");
    while (!this.accept("}")) {
      this.objectMember();
      if (!this.is("}")) this.expect(",");
    }
  }

  objectMember() {
    if (this.accept("...")) {
      this.assignment();
      return;
    }
    const first = this.token;
    const key = this.key();
    if (this.is("(")) {
      this.callable(first.mark);
    } else if (this.accept(":")) {
      this.assignment();
    } else {
      this.step(KINDS.variable, key, first.start);
      // In a pattern: what it is when there is nothing.
      if (this.accept("=")) this.assignment();
    }
  }

  /** The name of a member, with what stands before it: `async`, `*`, `get`, `set`, `static`. */
  key() {
    for (;;) {
      const { kind, text } = this.token;
      if (this.accept("[")) {
        this.whole(() => this.assignment());
        this.expect("]");
        return "";
      }
      this.take();
      const before = text === "*" || (kind === "name" && /^(?:async|get|set|static|accessor)$/.test(text));
      if (!before || (this.token.kind === "sign" && !/^[[*]$/.test(this.token.text))) return text;
    }
  }

  /** The parameters and the body of a function. @param {number} mark */
  callable(mark) {
    this.inFunction(mark, () => {
      this.expect("(");
      this.parameters();
      this.block();
    });
  }

  parameters() {
    while (!this.accept(")")) {
      this.accept("...");
      this.pattern();
      if (!this.is(")")) this.expect(",");
    }
  }

  /**
   * What a declaration takes apart: names, lists and objects, each with what it is when there is
   * nothing.
   */
  pattern() {
    const { start } = this.token;
    if (this.accept("[")) {
      this.step(KINDS.iteration, "", start);
      while (!this.accept("]")) {
        if (this.accept(",")) continue;
        this.accept("...");
        this.pattern();
        if (!this.is("]")) this.expect(",");
      }
    } else if (this.is("{")) {
      this.take();
      this.step(KINDS.pattern, "", this.token.start);
      while (!this.accept("}")) {
        this.patternMember();
        if (!this.is("}")) this.expect(",");
      }
    } else {
      const { text } = this.take();
      const begin = this.is("=") ? this.at(this.token.end).text : "";
      if (/^(?:function|class|async|\()$/.test(begin)) this.declares(text);
    }
    if (this.accept("=")) this.assignment();
  }

  /** A variable that begins as a function, if it does. @param {string} name */
  declares(name) {
    const equals = this.token;
    this.take();
    const { token } = this;
    const from = token.text === "async" && token.kind === "name" ? this.afterAsync(token) : token;
    const arrow = from !== undefined && from.text === "(" && this.isArrow(from);
    if (arrow || token.text === "function" || token.text === "class") this.declared.add(name);
    this.back(equals);
  }

  patternMember() {
    if (this.accept("...")) {
      this.take();
      return;
    }
    const { start } = this.token;
    const name = this.key();
    this.step(KINDS.field, name, start);
    if (this.accept(":")) this.pattern();
    else if (this.accept("=")) this.assignment();
  }

  /** @override @param {Token} first */
  arrow(first) {
    if (first.kind === "name" && first.text !== "async") {
      this.take();
      const found = this.is("=>");
      if (found) this.arrowBody(first.mark, () => undefined);
      else this.back(first);
      return found;
    }
    const from = first.text === "async" && first.kind === "name" ? this.afterAsync(first) : first;
    if (from === undefined) return false;
    if (from.kind === "name") {
      this.take();
      this.arrowBody(first.mark, () => undefined);
      return true;
    }
    if (from.text !== "(" || !this.isArrow(from)) {
      this.back(first);
      return false;
    }
    this.arrowBody(first.mark, () => {
      this.expect("(");
      this.parameters();
    });
    return true;
  }

  /** What follows `async` if that may be an arrow function. @param {Token} first */
  afterAsync(first) {
    this.take();
    const { kind, text, newLine } = this.token;
    if (!newLine && (text === "(" || (kind === "name" && text !== "function" && this.at(this.token.end).text === "=>"))) return this.token;
    this.back(first);
    return undefined;
  }

  /**
   * Whether `=>` comes after the parenthesis that closes this one: goes over what is in it, and
   * back.
   *
   * @param {Token} open
   */
  isArrow(open) {
    const known = this.arrows.get(open.start);
    if (known !== undefined) return known;
    const { place, withIn } = this;
    const { length } = this.found;
    let found = false;
    try {
      this.take();
      this.withIn = true;
      while (!this.accept(")")) {
        this.accept("...");
        this.assignment();
        if (!this.is(")")) this.expect(",");
      }
      found = this.is("=>") && !this.token.newLine;
    } finally {
      this.found.length = length;
      this.place = place;
      this.withIn = withIn;
      this.back(open);
    }
    this.arrows.set(open.start, found);
    return found;
  }

  /** @param {number} mark @param {() => void} parameters */
  arrowBody(mark, parameters) {
    this.inFunction(mark, () => {
      parameters();
      this.expect("=>");
      if (this.is("{")) this.block();
      else this.assignment();
    });
  }
}

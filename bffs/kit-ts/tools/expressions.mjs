/** Goes over the expressions of a bundle in the order in which the engine makes its byte code. See places.mjs. */
import { KINDS } from "../src/lookup.mjs";
import { Tokens } from "./tokens.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */
/** @typedef {import("./places.mjs").Step} Step */

const ASSIGN = new Set(["=", "+=", "-=", "*=", "/=", "%=", "**=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??="]);
const LOGIC = new Set(["&&", "||", "??"]);
const BINARY = new Set([
  "|", "^", "&", "==", "!=", "===", "!==", "<", ">", "<=", ">=", "<<", ">>", ">>>", "+", "-", "*", "/", "%", "**", "in", "instanceof",
]);
const UNARY = new Set(["!", "~", "+", "-", "++", "--", "typeof", "void", "delete", "await"]);
const LITERAL = new Set(["null", "true", "false", "this"]);

export class Expressions extends Tokens {
  /** @param {string} text */
  constructor(text) {
    super(text);
    /** @type {{ place: number, step?: Step }[]} */
    this.found = [];
    /** The last place that the engine noted in this function. */
    this.place = 0;
    /** Which parentheses are the parameters of an arrow function, as far as known. @type {Map<number, boolean>} */
    this.arrows = new Map();
    /** Whether `in` belongs to an expression: not at the beginning of a `for`. */
    this.withIn = true;
  }

  /** The engine notes a place. @param {number} place */
  note(place) {
    this.place = place;
    this.found.push({ place });
  }

  /** Something that may fail. @param {number} kind @param {string} name @param {number} at */
  step(kind, name, at) {
    this.found.push({ place: this.place, step: { kind, name, at } });
  }

  /** A function, whose places are its own. @param {number} start @param {() => void} body */
  inFunction(start, body) {
    const { place, withIn } = this;
    this.withIn = true;
    this.note(start);
    body();
    this.place = place;
    this.withIn = withIn;
  }

  /** Runs `part` where `in` is an operator. @param {() => void} part */
  whole(part) {
    const { withIn } = this;
    this.withIn = true;
    part();
    this.withIn = withIn;
  }

  expression() {
    do this.assignment();
    while (this.accept(","));
  }

  assignment() {
    const first = this.token;
    if (this.accept("yield")) {
      this.accept("*");
      if (!this.token.newLine && !/^[)\]},;:]$/.test(this.token.text)) this.assignment();
      return;
    }
    if (this.arrow(first)) return;
    const target = this.conditional();
    if (this.token.kind === "sign" && ASSIGN.has(this.token.text)) {
      this.take();
      this.assignment();
      if (target !== undefined) this.step(KINDS.set, target.name, target.at);
    }
  }

  /** The target that it would be of an assignment. @returns {{ name: string, at: number } | undefined} */
  conditional() {
    let target = this.unary();
    for (;;) {
      const { text, start } = this.token;
      if (LOGIC.has(text)) {
        this.take();
        this.unary();
      } else if (BINARY.has(text) && (this.withIn || text !== "in")) {
        this.take();
        this.note(this.token.start);
        this.unary();
        this.step(KINDS.operator, "", start);
      } else {
        break;
      }
      target = undefined;
    }
    if (!this.accept("?")) return target;
    this.whole(() => this.assignment());
    this.expect(":");
    this.assignment();
    return undefined;
  }

  /** @returns {{ name: string, at: number } | undefined} */
  unary() {
    if (UNARY.has(this.token.text) && this.token.kind !== "text") {
      const { text } = this.take();
      const target = this.unary();
      if (target !== undefined && (text === "++" || text === "--")) this.step(KINDS.set, target.name, target.at);
      return undefined;
    }
    const target = this.member();
    if (!this.token.newLine && (this.is("++") || this.is("--"))) {
      this.take();
      if (target !== undefined) this.step(KINDS.set, target.name, target.at);
      return undefined;
    }
    return target;
  }

  /** A value with its properties and calls. `calls` is false after `new`. @returns {{ name: string, at: number } | undefined} */
  member(calls = true) {
    let last = this.primary();
    for (;;) {
      const { text, start } = this.token;
      if (this.token.kind !== "sign") return last;
      if (text === "?." && calls) {
        this.take();
        if (!this.is("(") && !this.is("[")) last = this.property();
      } else if (text === ".") {
        this.take();
        last = this.property();
      } else if (text === "[") {
        this.take();
        const key = this.at(start + 1);
        const at = key.start;
        const name = key.kind === "text" ? key.text.slice(1, -1) : "";
        this.whole(() => this.expression());
        this.expect("]");
        last = { name, at };
        this.step(KINDS.field, name, at);
      } else if (text === "(" && calls) {
        this.take();
        this.note(this.token.start);
        this.rest();
        this.step(KINDS.call, last?.name ?? "", last?.at ?? start);
        last = undefined;
      } else if (text === "`") {
        this.note(start);
        this.template();
        this.step(KINDS.call, last?.name ?? "", last?.at ?? start);
        last = undefined;
      } else {
        return last;
      }
    }
  }

  property() {
    const { text, start } = this.take();
    this.step(KINDS.field, text, start);
    return { name: text, at: start };
  }

  /** The arguments of a call, behind its parenthesis. */
  rest() {
    this.whole(() => {
      while (!this.is(")")) {
        this.accept("...");
        this.assignment();
        if (!this.is(")")) this.expect(",");
      }
      this.take();
    });
  }

  template() {
    let from = this.token.end;
    while (this.takeTemplate(from)) {
      const at = this.token.start;
      this.whole(() => this.expression());
      this.step(KINDS.operator, "", at);
      if (!this.is("}")) throw this.fault("}");
      from = this.token.end;
    }
  }

  /** What it is the name of, if that may be called or assigned. @returns {{ name: string, at: number } | undefined} */
  primary() {
    const { kind, text, start } = this.token;
    if (kind === "number" || kind === "text") {
      this.take();
      return undefined;
    }
    if (kind === "private") {
      // `#name in object`
      this.take();
      return undefined;
    }
    if (kind === "sign") return this.signed(text);
    if (kind === "end") throw this.fault("an expression");
    switch (text) {
      case "function":
      case "class":
        this.definition();
        return undefined;
      case "new":
        return this.construction();
      case "super":
        this.take();
        return { name: "super", at: start };
      case "import":
        this.take();
        if (this.accept(".")) this.take();
        return undefined;
    }
    this.take();
    if (LITERAL.has(text)) return undefined;
    if (text === "async" && this.is("function") && !this.token.newLine) {
      this.definition(start);
      return undefined;
    }
    this.note(start);
    this.step(KINDS.variable, text, start);
    return { name: text, at: start };
  }

  /** @param {string} text @returns {undefined} */
  signed(text) {
    switch (text) {
      case "(":
        this.take();
        this.whole(() => this.expression());
        this.expect(")");
        return;
      case "[":
        this.take();
        this.whole(() => this.list());
        return;
      case "{":
        this.whole(() => this.object());
        return;
      case "`":
        this.template();
        return;
      case "/":
      case "/=":
        this.takePattern();
        return;
    }
    throw this.fault("an expression");
  }

  list() {
    while (!this.is("]")) {
      if (this.accept(",")) continue;
      const { start } = this.token;
      const spread = this.accept("...");
      this.assignment();
      if (spread) this.step(KINDS.iteration, "", start);
      if (!this.is("]")) this.expect(",");
    }
    this.take();
  }

  construction() {
    const { start } = this.expect("new");
    if (this.accept(".")) {
      this.take();
      return undefined;
    }
    this.note(this.token.start);
    const made = this.member(false);
    if (this.accept("(")) this.rest();
    this.step(KINDS.construct, made?.name ?? "", start);
    return undefined;
  }

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
      this.callable(first.start);
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

  /** The parameters and the body of a function. @param {number} start */
  callable(start) {
    this.inFunction(start, () => {
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

  /** What a declaration takes apart: names, lists and objects, each with what it is when there is nothing. */
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
      this.step(KINDS.pattern, "", start);
      while (!this.accept("}")) {
        this.patternMember();
        if (!this.is("}")) this.expect(",");
      }
    } else {
      this.take();
    }
    if (this.accept("=")) this.assignment();
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

  /** An arrow function, if it is one. @param {Token} first */
  arrow(first) {
    if (first.kind === "name" && first.text !== "async") {
      this.take();
      const found = this.is("=>");
      if (found) this.arrowBody(first.start, () => undefined);
      else this.back(first);
      return found;
    }
    const from = first.text === "async" && first.kind === "name" ? this.afterAsync(first) : first;
    if (from === undefined) return false;
    if (from.kind === "name") {
      this.take();
      this.arrowBody(first.start, () => undefined);
      return true;
    }
    if (from.text !== "(" || !this.isArrow(from)) {
      this.back(first);
      return false;
    }
    this.arrowBody(first.start, () => {
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

  /** Whether `=>` comes after the parenthesis that closes this one: goes over what is in it, and back. @param {Token} open */
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

  /** @param {number} start @param {() => void} parameters */
  arrowBody(start, parameters) {
    this.inFunction(start, () => {
      parameters();
      this.expect("=>");
      if (this.is("{")) this.block();
      else this.assignment();
    });
  }

  /** `function` or `class`, with a name or without. @param {number} [start] */
  definition(start) {
    throw new Error(`no definition at ${start}`);
  }

  block() {
    throw new Error("no block");
  }
}

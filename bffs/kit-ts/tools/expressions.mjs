/**
 * Goes over the expressions of a bundle in the order in which the engine makes its byte code. See
 * places.mjs.
 */
import { KINDS } from "../src/lookup.mjs";
import { Tokens } from "./tokens.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */
/** @typedef {import("./places.mjs").Step} Step */
/**
 * What may be called or assigned, and whether it is a property.
 *
 * @typedef {{ name: string, at: number, member?: boolean }} Target
 */

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

  /**
   * A function, whose places are its own.
   *
   * @param {number} mark of its first token
   * @param {() => void} body
   */
  inFunction(mark, body) {
    const { place, withIn } = this;
    this.withIn = true;
    this.note(mark);
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

  /** The target of its last part. @returns {Target | undefined} */
  expression() {
    let target;
    do target = this.assignment();
    while (this.accept(","));
    return target;
  }

  /** @returns {Target | undefined} */
  assignment() {
    const first = this.token;
    if (this.accept("yield")) {
      this.accept("*");
      if (!this.token.newLine && !/^[)\]},;:]$/.test(this.token.text)) this.assignment();
      return undefined;
    }
    if (this.arrow(first)) return undefined;
    const target = this.conditional();
    if (this.token.kind === "sign" && ASSIGN.has(this.token.text)) {
      this.take();
      this.assignment();
      if (target !== undefined) this.step(KINDS.set, target.name, target.at);
      return undefined;
    }
    return target;
  }

  /** The target that it would be of an assignment. @returns {Target | undefined} */
  conditional() {
    let target = this.unary();
    for (;;) {
      const { text } = this.token;
      if (LOGIC.has(text)) {
        this.take();
        this.unary();
      } else if (BINARY.has(text) && (this.withIn || text !== "in")) {
        this.take();
        this.note(this.token.mark);
        const right = this.token.start;
        this.unary();
        this.step(KINDS.operator, "", right);
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

  /** @returns {Target | undefined} */
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

  /**
   * A value with its properties and calls. `calls` is false after `new`.
   *
   * @returns {Target | undefined}
   */
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
        last = { name, at, member: true };
        this.step(KINDS.field, name, at);
      } else if (text === "(" && calls) {
        this.take();
        this.note(this.token.mark);
        this.rest();
        this.called(last, start);
        last = undefined;
      } else if (text === "`") {
        this.note(this.token.mark);
        this.template();
        this.called(last, start);
        last = undefined;
      } else {
        return last;
      }
    }
  }

  property() {
    const { text, start } = this.take();
    this.step(KINDS.field, text, start);
    return { name: text, at: start, member: true };
  }

  /** @param {Target | undefined} target @param {number} start */
  called(target, start) {
    const kind = target?.member === true ? KINDS.method : KINDS.call;
    this.step(kind, target?.name ?? "", target?.at ?? start);
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

  /** What it is the name of, if that may be called or assigned. @returns {Target | undefined} */
  primary() {
    const { kind, text, start, mark } = this.token;
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
      this.definition(mark);
      return undefined;
    }
    this.note(start);
    this.step(KINDS.variable, text, start);
    return { name: text, at: start };
  }

  /** @param {string} text @returns {Target | undefined} */
  signed(text) {
    switch (text) {
      case "(": {
        this.take();
        /** @type {Target | undefined} */
        let target;
        this.whole(() => (target = this.expression()));
        this.expect(")");
        return target;
      }
      case "[":
        this.take();
        this.whole(() => this.list());
        return undefined;
      case "{":
        this.whole(() => this.object());
        return undefined;
      case "`":
        this.template();
        return undefined;
      case "/":
      case "/=":
        this.takePattern();
        return undefined;
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
    this.note(this.token.mark);
    const made = this.member(false);
    if (this.accept("(")) this.rest();
    this.step(KINDS.construct, made?.name ?? "", start);
    return undefined;
  }

  /** Members of an object. */
  object() {
    throw this.fault("no object");
  }

  /** An arrow function, if it is one. @param {Token} first @returns {boolean} */
  arrow(first) {
    throw this.fault(`no function, not ${first.text}`);
  }

  /** `function` or `class`, with a name or without. @param {number} [mark] */
  definition(mark) {
    throw new Error(`no definition at ${mark}`);
  }

  block() {
    throw new Error("no block");
  }
}

/** Goes over the expressions of a bundle in the order in which the engine makes its byte code. See places.mjs. */
import { KINDS } from "../src/lookup.mjs";
import { Tokens } from "./tokens.mjs";

/** @typedef {import("./tokens.mjs").Token} Token */
/** @typedef {import("./places.mjs").Step} Step */
/** What may be called or assigned, and whether it is a property. @typedef {{ name: string, at: number, member?: boolean }} Target */

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
    /** The names of functions and classes: a call of one of another name is none of them. @type {Set<string>} */
    this.declared = new Set();
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

  /** A function, whose places are its own. @param {number} mark of its first token @param {() => void} body */
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

  /** A value with its properties and calls. `calls` is false after `new`. @returns {Target | undefined} */
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

  /** An arrow function, if it is one. @param {Token} first */
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

  /** @param {number} mark @param {() => void} parameters */
  arrowBody(mark, parameters) {
    this.inFunction(mark, () => {
      parameters();
      this.expect("=>");
      if (this.is("{")) this.block();
      else this.assignment();
    });
  }

  /** `function` or `class`, with a name or without. @param {number} [mark] */
  definition(mark) {
    throw new Error(`no definition at ${mark}`);
  }

  block() {
    throw new Error("no block");
  }
}

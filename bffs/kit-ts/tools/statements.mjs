/**
 * Goes over the statements of a bundle in the order in which the engine makes its byte code. See
 * places.mjs.
 */
import { KINDS } from "../src/lookup.mjs";
import { Functions } from "./functions.mjs";

export class Statements extends Functions {
  /** All that is found in the bundle, in order. */
  all() {
    this.note(0);
    while (this.token.kind !== "end") this.statement();
    return this.found;
  }

  /** @override */
  block() {
    this.expect("{");
    while (!this.accept("}")) this.statement();
  }

  statement() {
    while (this.token.kind === "name" && this.labelled());
    const { kind, text, mark } = this.token;
    if (this.is("{")) {
      this.block();
    } else if (!this.accept(";") && !(kind === "name" && this.keyword(text))) {
      this.note(mark);
      this.expression();
      this.end();
    }
  }

  end() {
    if (!this.accept(";") && !this.is("}") && this.token.kind !== "end" && !this.token.newLine) throw this.fault(";");
  }

  labelled() {
    const first = this.take();
    if (this.accept(":")) return true;
    this.back(first);
    return false;
  }

  /** A statement that begins with a word of its own, if it is one. @param {string} text */
  keyword(text) {
    switch (text) {
      case "var":
      case "const":
        this.declaration();
        this.end();
        return true;
      case "let": {
        const next = this.at(this.token.end);
        if (next.kind !== "name" && next.text !== "[" && next.text !== "{") return false;
        this.declaration();
        this.end();
        return true;
      }
      case "function":
      case "class":
        this.definition();
        return true;
      case "async": {
        const { mark, end } = this.token;
        const next = this.at(end);
        if (next.text !== "function" || next.newLine) return false;
        this.take();
        this.definition(mark);
        return true;
      }
      case "if":
        this.take();
        this.inParentheses();
        this.statement();
        if (this.accept("else")) this.statement();
        return true;
      case "for":
        this.loop();
        return true;
      case "while":
        this.take();
        this.inParentheses();
        this.statement();
        return true;
      case "do":
        this.take();
        this.statement();
        this.expect("while");
        this.inParentheses();
        this.accept(";");
        return true;
      case "switch":
        this.choice();
        return true;
      case "try":
        this.attempt();
        return true;
      case "return":
        this.take();
        if (!this.is(";") && !this.is("}") && !this.token.newLine) this.expression();
        this.end();
        return true;
      case "throw":
        this.take();
        this.note(this.token.mark);
        this.expression();
        this.end();
        return true;
      case "break":
      case "continue":
        this.take();
        if (this.token.kind === "name" && !this.token.newLine) this.take();
        this.end();
        return true;
      case "debugger":
        this.take();
        this.end();
        return true;
      case "import":
        return this.importing();
      case "export":
        this.exporting();
        return true;
      default:
        return false;
    }
  }

  inParentheses() {
    this.expect("(");
    this.whole(() => this.expression());
    this.expect(")");
  }

  declaration() {
    this.take();
    do this.pattern();
    while (this.accept(","));
  }

  loop() {
    this.expect("for");
    this.accept("await");
    this.expect("(");
    const { withIn } = this;
    this.withIn = false;
    if (/^(?:var|let|const)$/.test(this.token.text)) this.declaration();
    else if (!this.is(";")) this.expression();
    this.withIn = withIn;
    if (this.accept("of") || this.accept("in")) {
      const at = this.token.start;
      this.expression();
      this.step(KINDS.iteration, "", at);
    } else {
      this.expect(";");
      if (!this.is(";")) this.expression();
      this.expect(";");
      if (!this.is(")")) this.expression();
    }
    this.expect(")");
    this.statement();
  }

  choice() {
    this.take();
    this.inParentheses();
    this.expect("{");
    while (!this.accept("}")) {
      if (this.accept("case")) this.expression();
      else this.expect("default");
      this.expect(":");
      while (!this.is("case") && !this.is("default") && !this.is("}")) this.statement();
    }
  }

  attempt() {
    this.take();
    this.block();
    if (this.accept("catch")) {
      if (this.accept("(")) {
        this.pattern();
        this.expect(")");
      }
      this.block();
    }
    if (this.accept("finally")) this.block();
  }

  importing() {
    const next = this.at(this.token.end);
    if (next.text === "(" || next.text === ".") return false;
    while (!this.is(";")) this.take();
    this.take();
    return true;
  }

  exporting() {
    this.take();
    if (this.accept("default")) {
      if (this.is("function") || this.is("class")) this.definition();
      else if (this.is("async") && this.at(this.token.end).text === "function") this.statement();
      else {
        this.assignment();
        this.end();
      }
    } else if (this.is("{") || this.is("*")) {
      while (!this.is(";")) this.take();
      this.take();
    } else {
      this.statement();
    }
  }

  /** @override @param {number} [mark] */
  definition(mark = this.token.mark) {
    if (this.accept("class")) {
      this.classBody();
      return;
    }
    this.expect("function");
    this.accept("*");
    if (!this.is("(")) this.declared.add(this.take().text);
    this.callable(mark);
  }

  classBody() {
    if (!this.is("{") && !this.is("extends")) this.declared.add(this.take().text);
    if (this.accept("extends")) this.member();
    this.expect("{");
    while (!this.accept("}")) {
      if (!this.accept(";")) this.classMember();
    }
  }

  classMember() {
    const { mark, text } = this.token;
    if (text === "static" && this.at(this.token.end).text === "{") {
      this.take();
      this.inFunction(mark, () => this.block());
      return;
    }
    this.key();
    if (this.is("(")) {
      this.callable(mark);
      return;
    }
    if (this.accept("=")) this.inFunction(this.token.mark, () => this.assignment());
    this.end();
  }
}

/**
 * The tokens of a bundle as esbuild prints it: the language as of 2023, without types, with all
 * semicolons.
 */

/**
 * @typedef {object} Token
 * @property {"name" | "private" | "number" | "text" | "pattern" | "sign" | "end"} kind
 * @property {string} text
 * @property {number} start its first character
 * @property {number} end after its last one
 * @property {boolean} newLine a line begins before it
 * @property {number} mark where the engine says that it is: it goes on only at space, a line's begin and a name
 */

const SPACE = /(?:[\s\uFEFF]+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const FORMS = /** @type {const} */ ([
  ["name", /(?:[\p{ID_Start}$_]|\\u[0-9a-fA-F{}]+)(?:[\p{ID_Continue}$\u200c\u200d]|\\u[0-9a-fA-F{}]+)*/uy],
  ["private", /#(?:[\p{ID_Continue}$\u200c\u200d]|\\u[0-9a-fA-F{}]+)+/uy],
  ["number", /(?:0[xXoObB][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?)/y],
  ["text", /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y],
  [
    "sign",
    /=>|\.\.\.|\?\.(?!\d)|>>>=|\*\*=|\?\?=|&&=|\|\|=|<<=|>>=|>>>|===|!==|\*\*|\?\?|&&|\|\||\+\+|--|<<|>>|<=|>=|==|!=|[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}[\]`]/y,
  ],
]);
const PATTERN = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
/** A template up to its end, or to the next expression in it. */
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(`|\$\{)/y;

/** Reads a text token by token: `token` is the next one. */
export class Tokens {
  /** @param {string} text */
  constructor(text) {
    this.source = text;
    this.token = this.at(0, 0);
  }

  /** Takes the next token. @returns {Token} */
  take() {
    const taken = this.token;
    this.token = this.at(taken.end, taken.mark);
    return taken;
  }

  /** The next token, whose slash begins a regular expression. */
  takePattern() {
    const text = this.match(PATTERN, this.token.start);
    if (text === undefined) throw this.fault("a regular expression");
    this.token = this.at(this.token.start + text.length, this.token.mark);
  }

  /**
   * Reads on in a template, from the first character after its beginning or after an expression.
   * Whether there is another expression; then `token` is its first one, else the one after the
   * template.
   *
   * @param {number} from
   */
  takeTemplate(from) {
    const text = this.match(TEMPLATE, from);
    if (text === undefined) throw this.fault("a template");
    const line = text.lastIndexOf("\n");
    this.token = this.at(from + text.length, line < 0 ? this.token.mark : from + line + 1);
    return text.endsWith("${");
  }

  /** Whether the next token is this one. @param {string} text */
  is(text) {
    return this.token.text === text && (this.token.kind === "sign" || this.token.kind === "name");
  }

  /** Takes the next token if it is this one. @param {string} text */
  accept(text) {
    const found = this.is(text);
    if (found) this.take();
    return found;
  }

  /** Takes the next token, which must be this one. @param {string} text */
  expect(text) {
    if (!this.is(text)) throw this.fault(text);
    return this.take();
  }

  /** Goes back to a token. @param {Token} token */
  back(token) {
    this.token = token;
  }

  /** @param {string} wanted */
  fault(wanted) {
    const { text, start } = this.token;
    return new Error(`expected ${wanted}, found ${JSON.stringify(text)} at ${start}`);
  }

  /**
   * The token that comes next.
   *
   * @param {number} from
   * @param {number} mark of the token before it
   * @returns {Token}
   */
  at(from, mark = from) {
    const space = this.match(SPACE, from) ?? "";
    const start = from + space.length;
    const newLine = from === 0 || space.includes("\n");
    for (const [kind, form] of FORMS) {
      const text = this.match(form, start);
      if (text === undefined || text === "") continue;
      const marked = space !== "" || kind === "name";
      return { kind, text, start, end: start + text.length, newLine, mark: marked ? start : mark };
    }
    if (start < this.source.length) {
      throw new Error(`no token at ${start}: ${JSON.stringify(this.source.slice(start, start + 20))}`);
    }
    return { kind: "end", text: "", start, end: start, newLine, mark: start };
  }

  /** @param {RegExp} form @param {number} from */
  match(form, from) {
    form.lastIndex = from;
    return form.exec(this.source)?.[0];
  }
}

/** `URL` of the URL Standard. */
import { encodePercent, FRAGMENT, USERINFO } from "./url-encode.ts";
import { parseHost } from "./url-host.ts";
import {
  isDefaultPort, isSpecial, parseUrl, setFileHost, setPort, setQuery, showUrl, splitPort, startPath, withoutBreaks, type UrlRecord,
} from "./url-parse.ts";
import { linkedParams, replaceParams, type URLSearchParams } from "./url-search-params.ts";

export class URL {
  #url: UrlRecord;
  #params: URLSearchParams | undefined;

  constructor(url: string | URL, base?: string | URL) {
    if (arguments.length === 0) throw new TypeError("URL: it needs an address");
    const parsed = parsedOf(url, base);
    if (parsed === undefined) throw new TypeError("Invalid URL");
    this.#url = parsed;
  }

  static canParse(url: string | URL, base?: string | URL): boolean {
    return parsedOf(url, base) !== undefined;
  }

  static parse(url: string | URL, base?: string | URL): URL | null {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  /** There are no addresses of objects here. */
  static createObjectURL(): never {
    throw new DOMException("URL.createObjectURL is not there: nothing could load such an address", "NotSupportedError");
  }

  get href(): string {
    return showUrl(this.#url);
  }

  set href(value: string) {
    const parsed = parsedOf(value, undefined);
    if (parsed === undefined) throw new TypeError("Invalid URL");
    this.#url = parsed;
    this.#tellParams();
  }

  get origin(): string {
    const { scheme, host, port, path } = this.#url;
    if (scheme === "blob") {
      const inner = parseUrl(path, undefined);
      return inner !== undefined && /^https?$/.test(inner.scheme) ? originOf(inner.scheme, inner.host, inner.port) : "null";
    }
    return isSpecial(scheme) && scheme !== "file" ? originOf(scheme, host, port) : "null";
  }

  get protocol(): string {
    return `${this.#url.scheme}:`;
  }

  set protocol(value: string) {
    const [, given] = /^([a-zA-Z][a-zA-Z0-9+\-.]*)(?::|$)/.exec(withoutBreaks(text(value))) ?? [];
    if (given === undefined) return;
    const scheme = given.toLowerCase();
    const url = this.#url;
    if (isSpecial(scheme) !== isSpecial(url.scheme)) return;
    if (scheme === "file" && (url.username !== "" || url.password !== "" || url.port !== "")) return;
    if (url.scheme === "file" && url.host === "") return;
    url.scheme = scheme;
    if (isDefaultPort(scheme, url.port)) url.port = "";
  }

  get username(): string {
    return this.#url.username;
  }

  set username(value: string) {
    if (this.#hasNoAuthority()) return;
    this.#url.username = encodePercent(text(value), USERINFO);
  }

  get password(): string {
    return this.#url.password;
  }

  set password(value: string) {
    if (this.#hasNoAuthority()) return;
    this.#url.password = encodePercent(text(value), USERINFO);
  }

  get host(): string {
    const { host, port } = this.#url;
    return port === "" ? (host ?? "") : `${host}:${port}`;
  }

  set host(value: string) {
    this.#setHost(text(value), true);
  }

  get hostname(): string {
    return this.#url.host ?? "";
  }

  set hostname(value: string) {
    this.#setHost(text(value), false);
  }

  get port(): string {
    return this.#url.port;
  }

  set port(value: string) {
    if (this.#hasNoAuthority()) return;
    const given = text(value);
    if (given === "") this.#url.port = "";
    else this.#setPort(withoutBreaks(given));
  }

  get pathname(): string {
    return this.#url.path;
  }

  set pathname(value: string) {
    const url = this.#url;
    if (url.opaque) return;
    url.path = "";
    const given = withoutBreaks(text(value));
    startPath(url, given);
    // Only a path can tell a URL without a host from an opaque one.
    if (given === "" && url.host === null) url.path = "/";
  }

  get search(): string {
    const { query } = this.#url;
    return query === null || query === "" ? "" : `?${query}`;
  }

  set search(value: string) {
    const given = text(value);
    if (given === "") this.#url.query = null;
    else setQuery(this.#url, withoutBreaks(given.startsWith("?") ? given.slice(1) : given));
    this.#tellParams();
  }

  get searchParams(): URLSearchParams {
    this.#params ??= linkedParams(this.#url.query ?? "", (query) => {
      this.#url.query = query === "" ? null : query;
    });
    return this.#params;
  }

  get hash(): string {
    const { fragment } = this.#url;
    return fragment === null || fragment === "" ? "" : `#${fragment}`;
  }

  set hash(value: string) {
    const given = text(value);
    this.#url.fragment = given === "" ? null : encodePercent(withoutBreaks(given.startsWith("#") ? given.slice(1) : given), FRAGMENT);
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  get [Symbol.toStringTag](): string {
    return "URL";
  }

  #hasNoAuthority(): boolean {
    const { host, scheme } = this.#url;
    return host === null || host === "" || scheme === "file";
  }

  #tellParams(): void {
    if (this.#params !== undefined) replaceParams(this.#params, this.#url.query ?? "");
  }

  #setHost(value: string, withPort: boolean): void {
    const url = this.#url;
    if (url.opaque) return;
    const special = isSpecial(url.scheme);
    const given = withoutBreaks(value);
    const found = given.search(special ? /[/\\?#]/ : /[/?#]/);
    const authority = found < 0 ? given : given.slice(0, found);
    if (url.scheme === "file") {
      setFileHost(url, authority);
      return;
    }
    const { name, port } = splitPort(authority);
    if (port !== undefined && (name === "" || !withPort)) return;
    if (name === "" && (special || url.username !== "" || url.password !== "" || url.port !== "")) return;
    const host = name === "" ? "" : parseHost(name, special);
    if (host === undefined) return;
    url.host = host;
    if (port !== undefined) this.#setPort(port);
  }

  /** As many digits as there are at the beginning. */
  #setPort(value: string): void {
    const [digits] = /^[0-9]+/.exec(value) ?? [];
    if (digits !== undefined) setPort(this.#url, digits);
  }
}

function originOf(scheme: string, host: string | null, port: string): string {
  return `${scheme}://${host ?? ""}${port === "" ? "" : `:${port}`}`;
}

function parsedOf(url: string | URL, base: string | URL | undefined): UrlRecord | undefined {
  if (base === undefined) return parseUrl(text(url), undefined);
  const parsedBase = parseUrl(text(base), undefined);
  return parsedBase === undefined ? undefined : parseUrl(text(url), parsedBase);
}

function text(value: unknown): string {
  const given = `${value as string}`;
  return given.isWellFormed() ? given : given.toWellFormed();
}

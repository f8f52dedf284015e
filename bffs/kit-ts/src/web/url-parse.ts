/**
 * The parser of the URL Standard. The standard goes character by character; this one cuts the text
 * where its states would change, because the engine cuts and searches natively.
 */
import { encodePercent, FRAGMENT, CONTROL, PATH, QUERY, SPECIAL_QUERY, USERINFO } from "./url-encode.ts";
import { parseHost } from "./url-host.ts";

export interface UrlRecord {
  /** Without the colon. */
  scheme: string;
  username: string;
  password: string;
  /** `null` where there is none, as with `mailto:`. */
  host: string | null;
  /** Empty for the scheme's own. */
  port: string;
  /** With a slash before each of its parts; without, it is opaque. */
  path: string;
  opaque: boolean;
  query: string | null;
  fragment: string | null;
}

/** The schemes that the standard names special, with their ports. */
const PORTS = new Map([["http", "80"], ["https", "443"], ["ws", "80"], ["wss", "443"], ["ftp", "21"], ["file", ""]]);

const SCHEME = /^([a-zA-Z][a-zA-Z0-9+\-.]*):/;
const DRIVE = /^[a-zA-Z][:|]$/;
const DRIVE_AHEAD = /^[a-zA-Z][:|](?:[/\\]|$)/;
const DRIVE_IN_PATH = /^\/[a-zA-Z]:(?:\/|$)/;
/** Whether a path may have a `.` or `..` as a part of its own. */
const DOTS = /(?:^|[/\\])(?:\.|%2e)/i;

export function isSpecial(scheme: string): boolean {
  return PORTS.has(scheme);
}

/** A URL, or `undefined` where the text is none. */
export function parseUrl(input: string, base: UrlRecord | undefined): UrlRecord | undefined {
  const isTight = input.charCodeAt(0) > 0x20 && input.charCodeAt(input.length - 1) > 0x20;
  const text = withoutBreaks(isTight ? input : input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, ""));
  const hash = text.indexOf("#");
  const fragment = hash < 0 ? null : encodePercent(text.slice(hash + 1), FRAGMENT);
  const beforeHash = hash < 0 ? text : text.slice(0, hash);
  const [, given] = SCHEME.exec(beforeHash) ?? [];
  const url = given === undefined ? withoutScheme(beforeHash, base, fragment) : withScheme(given.toLowerCase(), beforeHash.slice(given.length + 1), base);
  if (url === undefined) return undefined;
  url.fragment = fragment;
  // It would be lost if the rest were taken away.
  if (url.opaque && url.path.endsWith(" ") && (url.query !== null || fragment !== null)) url.path = `${url.path.slice(0, -1)}%20`;
  return url;
}

export function withoutBreaks(text: string): string {
  return text.search(/[\t\n\r]/) < 0 ? text : text.replace(/[\t\n\r]/g, "");
}

function emptyUrl(scheme: string): UrlRecord {
  return { scheme, username: "", password: "", host: null, port: "", path: "", opaque: false, query: null, fragment: null };
}

function withScheme(scheme: string, rest: string, base: UrlRecord | undefined): UrlRecord | undefined {
  const url = emptyUrl(scheme);
  const { body, query } = splitQuery(rest);
  setQuery(url, query);
  if (scheme === "file") return fileUrl(url, body, query, base?.scheme === "file" ? base : undefined);
  if (isSpecial(scheme)) {
    if (base?.scheme === scheme && !body.startsWith("//")) return relative(url, body, query, base);
    return withAuthority(url, pastSlashes(body));
  }
  if (body.startsWith("//")) return withAuthority(url, body.slice(2));
  if (body.startsWith("/")) {
    appendPath(url, body.slice(1));
    return url;
  }
  url.opaque = true;
  url.path = encodePercent(body, CONTROL);
  return url;
}

function withoutScheme(text: string, base: UrlRecord | undefined, fragment: string | null): UrlRecord | undefined {
  if (base === undefined) return undefined;
  if (base.opaque) return text === "" && fragment !== null ? { ...base } : undefined;
  const url = emptyUrl(base.scheme);
  const { body, query } = splitQuery(text);
  setQuery(url, query);
  return base.scheme === "file" ? fileUrl(url, body, query, base) : relative(url, body, query, base);
}

function splitQuery(text: string): { body: string; query: string | null } {
  const at = text.indexOf("?");
  return at < 0 ? { body: text, query: null } : { body: text.slice(0, at), query: text.slice(at + 1) };
}

export function setQuery(url: UrlRecord, query: string | null): void {
  url.query = query === null ? null : encodePercent(query, isSpecial(url.scheme) ? SPECIAL_QUERY : QUERY);
}

function relative(url: UrlRecord, body: string, query: string | null, base: UrlRecord): UrlRecord | undefined {
  const special = isSpecial(url.scheme);
  const isSlash = (at: number): boolean => body[at] === "/" || (special && body[at] === "\\");
  if (isSlash(0) && isSlash(1)) return withAuthority(url, special ? pastSlashes(body) : body.slice(2));
  url.username = base.username;
  url.password = base.password;
  url.host = base.host;
  url.port = base.port;
  if (isSlash(0)) {
    appendPath(url, body.slice(1));
    return url;
  }
  url.path = base.path;
  if (body === "") {
    if (query === null) url.query = base.query;
    return url;
  }
  shorten(url);
  appendPath(url, body);
  return url;
}

function pastSlashes(text: string): string {
  let at = 0;
  while (text[at] === "/" || text[at] === "\\") at += 1;
  return text.slice(at);
}

/** `//user:password@host:port/path`, from behind the slashes. */
function withAuthority(url: UrlRecord, text: string): UrlRecord | undefined {
  const special = isSpecial(url.scheme);
  const found = text.search(special ? /[/\\]/ : /\//);
  const end = found < 0 ? text.length : found;
  let authority = text.slice(0, end);
  const at = authority.lastIndexOf("@");
  if (at >= 0) {
    const userinfo = authority.slice(0, at);
    authority = authority.slice(at + 1);
    if (authority === "") return undefined;
    const colon = userinfo.indexOf(":");
    url.username = encodePercent(colon < 0 ? userinfo : userinfo.slice(0, colon), USERINFO);
    url.password = colon < 0 ? "" : encodePercent(userinfo.slice(colon + 1), USERINFO);
  }
  const { name, port } = splitPort(authority);
  if (name === "" && (special || port !== undefined)) return undefined;
  const host = name === "" ? "" : parseHost(name, special);
  if (host === undefined) return undefined;
  url.host = host;
  if (port !== undefined && port !== "") {
    if (!/^[0-9]+$/.test(port) || !setPort(url, port)) return undefined;
  }
  startPath(url, text.slice(end));
  return url;
}

/** The colon of a port is the first one that is not inside of brackets. */
export function splitPort(authority: string): { name: string; port: string | undefined } {
  let from = 0;
  if (authority.includes("[")) {
    let inside = false;
    for (; from < authority.length; from += 1) {
      const char = authority[from];
      if (char === ":" && !inside) break;
      if (char === "[") inside = true;
      if (char === "]") inside = false;
    }
  }
  const colon = authority.indexOf(":", from);
  return colon < 0 ? { name: authority, port: undefined } : { name: authority.slice(0, colon), port: authority.slice(colon + 1) };
}

/** Whether these digits are a port. */
export function setPort(url: UrlRecord, digits: string): boolean {
  const port = Number(digits);
  if (port > 65_535) return false;
  url.port = isDefaultPort(url.scheme, `${port}`) ? "" : `${port}`;
  return true;
}

export function isDefaultPort(scheme: string, port: string): boolean {
  return PORTS.get(scheme) === port;
}

function fileUrl(url: UrlRecord, body: string, query: string | null, base: UrlRecord | undefined): UrlRecord | undefined {
  url.host = "";
  const isSlash = (at: number): boolean => body[at] === "/" || body[at] === "\\";
  if (isSlash(0) && isSlash(1)) {
    const text = body.slice(2);
    const found = text.search(/[/\\]/);
    const name = found < 0 ? text : text.slice(0, found);
    if (DRIVE.test(name)) {
      appendPath(url, text);
      return url;
    }
    return setFileHost(url, name) ? (startPath(url, text.slice(name.length)), url) : undefined;
  }
  if (isSlash(0)) {
    const rest = body.slice(1);
    if (base !== undefined) {
      url.host = base.host;
      if (!DRIVE_AHEAD.test(rest) && DRIVE_IN_PATH.test(base.path)) url.path = base.path.slice(0, 3);
    }
    appendPath(url, rest);
    return url;
  }
  if (base === undefined) {
    appendPath(url, body);
    return url;
  }
  url.host = base.host;
  url.path = base.path;
  if (body === "") {
    if (query === null) url.query = base.query;
    return url;
  }
  if (DRIVE_AHEAD.test(body)) url.path = "";
  else shorten(url);
  appendPath(url, body);
  return url;
}

/** Whether this is a host of a file. */
export function setFileHost(url: UrlRecord, name: string): boolean {
  const host = name === "" ? "" : parseHost(name, true);
  if (host === undefined) return false;
  url.host = host === "localhost" ? "" : host;
  return true;
}

/** The path from behind the host, with its slash. */
export function startPath(url: UrlRecord, text: string): void {
  const special = isSpecial(url.scheme);
  if (text === "" && !special) return;
  appendPath(url, text.startsWith("/") || (special && text.startsWith("\\")) ? text.slice(1) : text);
}

/** Appends `a/b` to the path, part by part. */
function appendPath(url: UrlRecord, text: string): void {
  const special = isSpecial(url.scheme);
  const slashes = special && text.includes("\\") ? text.replaceAll("\\", "/") : text;
  if (url.scheme !== "file" && !DOTS.test(slashes)) {
    url.path += `/${encodePercent(slashes, PATH)}`;
    return;
  }
  const parts = slashes.split("/");
  for (let place = 0; place < parts.length; place += 1) {
    const part = parts[place] ?? "";
    const isLast = place === parts.length - 1;
    const dots = dotsOf(part);
    if (dots === 2) shorten(url);
    if (dots > 0) {
      if (isLast) url.path += "/";
      continue;
    }
    const isDrive = url.scheme === "file" && url.path === "" && DRIVE.test(part);
    url.path += `/${isDrive ? `${part[0]}:` : encodePercent(part, PATH)}`;
  }
}

/** 1 for `.`, 2 for `..`, however they are written. */
function dotsOf(part: string): number {
  if (part.length > 6 || part === "") return 0;
  const plain = part.replace(/%2e/gi, ".");
  return plain === "." ? 1 : plain === ".." ? 2 : 0;
}

function shorten(url: UrlRecord): void {
  // The drive stays.
  if (url.scheme === "file" && /^\/[a-zA-Z]:$/.test(url.path)) return;
  url.path = url.path.slice(0, Math.max(url.path.lastIndexOf("/"), 0));
}

export function showUrl(url: UrlRecord, withFragment = true): string {
  let text = `${url.scheme}:`;
  if (url.host !== null) {
    text += "//";
    if (url.username !== "" || url.password !== "") text += `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
    text += url.port === "" ? url.host : `${url.host}:${url.port}`;
  } else if (!url.opaque && url.path.startsWith("//")) {
    // Without it the path would be read as a host.
    text += "/.";
  }
  text += url.path;
  if (url.query !== null) text += `?${url.query}`;
  return withFragment && url.fragment !== null ? `${text}#${url.fragment}` : text;
}

/** Hosts of the URL Standard: domains, IPv4, IPv6, and those of schemes that are not special. */
import { domainToAscii } from "./idna.ts";
import { CONTROL, decodePercent, encodePercent } from "./url-encode.ts";

const FORBIDDEN_HOST = /[\0\t\n\r #/:<>?@[\\\]^|]/;
const FORBIDDEN_DOMAIN = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;
/** Domains as nearly all are: nothing to decode, to map or to count. */
const PLAIN = /^(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/;

/** A host as a URL shows it, or `undefined` where it is none. */
export function parseHost(text: string, special: boolean): string | undefined {
  if (special && PLAIN.test(text)) return text;
  if (text.startsWith("[")) {
    if (!text.endsWith("]")) return undefined;
    const pieces = parseIpv6(text.slice(1, -1));
    return pieces === undefined ? undefined : `[${showIpv6(pieces)}]`;
  }
  if (!special) return FORBIDDEN_HOST.test(text) ? undefined : encodePercent(text, CONTROL);
  const domain = domainToAscii(decodePercent(text));
  if (domain === undefined || domain === "" || FORBIDDEN_DOMAIN.test(domain)) return undefined;
  return endsInNumber(domain) ? parseIpv4(domain) : domain;
}

function endsInNumber(domain: string): boolean {
  const parts = domain.split(".");
  if (parts.at(-1) === "") {
    if (parts.length === 1) return false;
    parts.pop();
  }
  const last = parts.at(-1) ?? "";
  return /^[0-9]+$/.test(last) || ipv4Number(last) !== undefined;
}

function parseIpv4(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  if (parts.length > 4) return undefined;
  let address = 0;
  for (const [place, part] of parts.entries()) {
    const number = ipv4Number(part);
    if (number === undefined) return undefined;
    const isLast = place === parts.length - 1;
    if (number >= (isLast ? 256 ** (5 - parts.length) : 256)) return undefined;
    address += isLast ? number : number * 256 ** (3 - place);
  }
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function ipv4Number(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^0[xX][0-9A-Fa-f]*$/.test(text)) return text.length === 2 ? 0 : parseInt(text.slice(2), 16);
  if (text.length >= 2 && text.startsWith("0")) return /^[0-7]+$/.test(text) ? parseInt(text, 8) : undefined;
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** The eight numbers of an address. */
function parseIpv6(text: string): number[] | undefined {
  const [before, after, ...more] = text.split("::");
  if (before === undefined || more.length > 0) return undefined;
  const head = piecesOf(before, after === undefined);
  const tail = after === undefined ? [] : piecesOf(after, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** `1:2:3`, at whose end an address of IPv4 may be where `isEnd`. */
function piecesOf(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const pieces: number[] = [];
  for (const [place, part] of parts.entries()) {
    if (isEnd && place === parts.length - 1 && part.includes(".")) {
      const bytes = part.split(".").map((each) => (/^(?:0|[1-9][0-9]{0,2})$/.test(each) ? Number(each) : 256));
      if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
      const [one = 0, two = 0, three = 0, four = 0] = bytes;
      pieces.push(one * 256 + two, three * 256 + four);
    } else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      pieces.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return pieces;
}

function showIpv6(pieces: readonly number[]): string {
  // The first of the longest runs of zeros is left out.
  let [from, length] = [-1, 1];
  for (let at = 0; at < 8; at += 1) {
    let end = at;
    while (end < 8 && pieces[end] === 0) end += 1;
    if (end - at > length) [from, length] = [at, end - at];
  }
  const show = (part: readonly number[]): string => part.map((piece) => piece.toString(16)).join(":");
  return from < 0 ? show(pieces) : `${show(pieces.slice(0, from))}::${show(pieces.slice(from + length))}`;
}

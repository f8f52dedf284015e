/**
 * Domains in other scripts: `münchen.de` is `xn--mnchen-3ya.de`. The tables of Unicode's UTS 46 are
 * not here. What the language has of Unicode stands in for them: lower case and NFKC.
 */

/** What UTS 46 leaves out of a domain. */
const IGNORED = /[\u00ad\u034f\u180b-\u180f\u200b\u2060\u2064\u206a-\u206f\ufe00-\ufe0f\ufeff]/g;
/** What becomes a dot with NFKC, but must not divide a domain. */
const NO_DOTS = /[\u2024-\u2026\u2488-\u249b\ufe52]/;
/** What no domain has: what is no letter, digit, mark or sign of a script. */
const DISALLOWED = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Z}\u2ff0-\u2fff\ufffc\ufffd]|(?![\u200c\u200d])\p{Cf}/u;
/** Joiners stand behind letters and their marks. */
const LONE_JOINER = /(?<![\p{L}\p{M}])[\u200c\u200d]/u;

/** A domain in ASCII, or `undefined` where it is none. */
export function domainToAscii(domain: string): string | undefined {
  if (!/[^\0-\x7f]/.test(domain)) return domain.toLowerCase();
  if (NO_DOTS.test(domain)) return undefined;
  const ascii: string[] = [];
  for (const label of mapped(domain).split(".")) {
    const isPlain = !/[^\0-\x7f]/.test(label);
    if (!isPlain && (DISALLOWED.test(label) || LONE_JOINER.test(label) || /^(?:\p{M}|xn--)/u.test(label))) return undefined;
    ascii.push(isPlain ? label : `xn--${encodePunycode(label)}`);
  }
  return ascii.join(".");
}

function mapped(text: string): string {
  return text.replace(IGNORED, "").toLowerCase().normalize("NFKC").toLowerCase().normalize("NFKC").replaceAll("\u3002", ".");
}

// Punycode, RFC 3492.
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;

function encodePunycode(label: string): string {
  const points = Array.from(label, (char) => char.codePointAt(0) ?? 0);
  const basic = points.filter((point) => point < 0x80);
  let output = String.fromCharCode(...basic);
  if (basic.length > 0) output += "-";
  let [n, delta, bias, handled] = [0x80, 0, 72, basic.length];
  while (handled < points.length) {
    const next = Math.min(...points.filter((point) => point >= n));
    delta += (next - n) * (handled + 1);
    n = next;
    for (const point of points) {
      if (point < n) delta += 1;
      if (point !== n) continue;
      let q = delta;
      for (let k = BASE; ; k += BASE) {
        const t = threshold(k, bias);
        if (q < t) break;
        output += digit(t + ((q - t) % (BASE - t)));
        q = Math.floor((q - t) / (BASE - t));
      }
      output += digit(q);
      bias = adapt(delta, handled + 1, handled === basic.length);
      delta = 0;
      handled += 1;
    }
    delta += 1;
    n += 1;
  }
  return output;
}

function threshold(k: number, bias: number): number {
  return Math.max(T_MIN, Math.min(T_MAX, k - bias));
}

function adapt(delta: number, count: number, isFirst: boolean): number {
  let left = isFirst ? Math.floor(delta / 700) : Math.floor(delta / 2);
  left += Math.floor(left / count);
  let k = 0;
  for (; left > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) left = Math.floor(left / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * left) / (left + 38));
}

function digit(value: number): string {
  return String.fromCharCode(value < 26 ? value + 0x61 : value - 26 + 0x30);
}

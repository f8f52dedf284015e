/** Text as bytes: the engine has no `TextEncoder`. */

/** The UTF-8 of a text; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.toWellFormed());
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === "%") {
      bytes[length] = parseInt(escaped.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = escaped.charCodeAt(at);
    }
    length += 1;
  }
  return bytes.slice(0, length);
}

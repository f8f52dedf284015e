//! Percent-encoding of path segments and query parameters (RFC 3986).

use std::fmt::Write as _;

/// Appends `text`, with everything but unreserved characters percent-encoded, so that it is exactly
/// one segment.
pub(crate) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The decoded text, or `None` where an escape is not two hex digits or the bytes are not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let mut out = String::new();
        encode("a/b ?ü%~", &mut out);
        assert_eq!(out, "a%2Fb%20%3F%C3%BC%25~");
        assert_eq!(decode(&out).as_deref(), Some("a/b ?ü%~"));
    }

    #[test]
    fn a_broken_escape_and_bytes_that_are_no_text_are_refused() {
        for text in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}

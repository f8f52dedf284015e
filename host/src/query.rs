//! The query of a target: parameters as `application/x-www-form-urlencoded` writes them. Clients'
//! requests and guests' calls are read and written by the same rules.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::path::hex_pair;

/// A query may hold these unencoded (RFC 3986 section 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Adds a parameter, encoded, to a query or to the target that ends with it.
pub fn push_parameter(target: &mut String, separator: &str, name: &str, value: &str) {
    target.push_str(separator);
    target.extend(utf8_percent_encode(name, QUERY));
    target.push('=');
    target.extend(utf8_percent_encode(value, QUERY));
}

/// Name and value of each parameter as written, in order. Two `&` side by side hold none.
pub fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let written = query.split('&').filter(|one| !one.is_empty());
    written.map(|one| one.split_once('=').unwrap_or((one, "")))
}

/// The text that a name or a value stands for.
///
/// # Errors
///
/// What is wrong with it.
pub fn decode(text: &str) -> Result<String, &'static str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(text.to_owned());
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_pair(bytes.next(), bytes.next())
                .ok_or("holds a \"%\" without two hexadecimal digits")?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| "is not UTF-8 when decoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut query = String::new();
        for (name, value) in [("q", "a&b=c d/é\r\n#?+"), ("", ""), ("é", "~-._")] {
            let separator = if query.is_empty() { "" } else { "&" };
            push_parameter(&mut query, separator, name, value);
        }
        let pairs = parameters(&query).map(|(name, value)| (decode(name), decode(value)));
        let read: Vec<_> = pairs
            .map(|(name, value)| (name.unwrap(), value.unwrap()))
            .collect();
        let expected = [("q", "a&b=c d/é\r\n#?+"), ("", ""), ("é", "~-._")];
        assert_eq!(
            read,
            expected.map(|(name, value)| (name.into(), value.into()))
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for (bad, why) in [
            ("%", "digits"),
            ("a%2", "digits"),
            ("%zz", "digits"),
            ("%ff", "UTF-8"),
        ] {
            assert!(decode(bad).unwrap_err().contains(why), "{bad}");
        }
        assert_eq!(decode("a+b").unwrap(), "a b");
    }
}

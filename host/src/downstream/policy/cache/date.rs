//! Dates in fields.

use std::time::SystemTime;

use http::HeaderValue;

/// Longer than any date: `Wednesday, 09-Nov-94 08:49:37 GMT`.
const MAX_LENGTH: usize = 40;

/// A date in any of its three forms (RFC 9110 section 5.6.7), in any case of letters and also with
/// `UTC` (RFC 9111 section 4.2).
pub fn parse(value: &HeaderValue) -> Option<SystemTime> {
    let text = value.to_str().ok()?;
    let date = httpdate::parse_http_date(text).ok();
    date.or_else(|| httpdate::parse_http_date(&regular(text)?).ok())
}

/// A date in the case of letters that is usual; `None` for what is longer than a date.
fn regular(text: &str) -> Option<String> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut regular = String::with_capacity(text.len());
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphabetic()) {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        regular.push_str(&first.to_ascii_uppercase());
        regular.push_str(&rest.to_ascii_lowercase());
    }
    let zone = ["Gmt", "Utc"]
        .iter()
        .find_map(|zone| regular.strip_suffix(zone));
    Some(match zone {
        Some(before) => format!("{before}GMT"),
        None => regular,
    })
}

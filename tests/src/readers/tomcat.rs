//! Tomcat's `CoyoteAdapter`: path parameters are cut off before anything is decoded.

use super::segments::{decode, resolve};

/// Cuts off parameters, decodes, refuses what is ambiguous, and resolves dots.
pub(super) fn read(path: &str) -> Option<Vec<u8>> {
    // Not legal in a request line (RFC 3986), without `relaxedPathChars`.
    if path
        .bytes()
        .any(|byte| !(0x21..0x7f).contains(&byte) || b"\"<>[\\]^`{|}".contains(&byte))
    {
        return None;
    }
    let plain: Vec<&str> = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or(segment))
        .collect();
    let plain = plain.join("/");
    // `encodedSolidusHandling` is "reject" by default.
    if plain.to_ascii_lowercase().contains("%2f") {
        return None;
    }
    let decoded = decode(&plain, |_| None)?;
    if decoded.contains(&0) || decoded.contains(&b'\\') {
        return None;
    }
    let mut read = resolve(&decoded)?;
    // Of a dot segment at the end, no slash is left.
    if !decoded.ends_with(b"/") && read.len() > 1 && read.ends_with(b"/") {
        read.pop();
    }
    // What is no text is refused last, so that a segment that was resolved away may hold anything.
    std::str::from_utf8(&read).is_ok().then_some(read)
}

//! What the readers have in common.

/// The byte that two hexadecimal digits stand for.
fn hex_pair(digits: Option<&[u8]>) -> Option<u8> {
    let text = std::str::from_utf8(digits?).ok()?;
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

/// Percent-decodes once. `bad` replaces a `%` that encodes nothing; `None` refuses the path.
pub(super) fn decode(path: &str, bad: impl Fn(u8) -> Option<u8>) -> Option<Vec<u8>> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex_pair(bytes.get(at + 1..at + 3))) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (b'%', None) => {
                decoded.push(bad(*byte)?);
                at += 1;
            }
            (byte, _) => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    Some(decoded)
}

/// Merges slashes and resolves `.` and `..`. A slash at the end stays, and `None` is a path that
/// leaves the root.
pub(super) fn resolve(path: &[u8]) -> Option<Vec<u8>> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_with_slash = false;
    for segment in path.split(|byte| *byte == b'/') {
        ends_with_slash = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop()?;
            }
            other => kept.push(other),
        }
    }
    let mut resolved = b"/".to_vec();
    resolved.extend(kept.join(&b'/'));
    if ends_with_slash && !kept.is_empty() {
        resolved.push(b'/');
    }
    Some(resolved)
}

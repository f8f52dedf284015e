//! The path of the URL standard, <https://url.spec.whatwg.org/#path-state>.

/// Characters that are percent-encoded where they are not yet (the path percent-encode set).
const ENCODED: &[u8] = b" \"#<>?^`{}";

/// Whether Node 20 leaves a path as it is, against the standard. Its parser (ada 2.9) looks for a
/// dot segment at the first `/.` only, when nothing in the path is to be encoded or decoded.
pub(super) fn leaves(path: &str) -> bool {
    let plain = |byte: u8| (0x21..0x7f).contains(&byte) && !ENCODED.contains(&byte);
    let Some(inner) = path.strip_prefix('/') else {
        return false;
    };
    if inner.starts_with('.') || !inner.bytes().all(|it| plain(it) && !b"%\\".contains(&it)) {
        return false;
    }
    match inner.split_once("/.") {
        Some((_, rest)) => !rest.is_empty() && !rest.starts_with(['.', '/']),
        None => false,
    }
}

/// Backslashes are slashes, `%2e` is a dot, and nothing else is decoded.
pub(super) fn read(path: &str) -> Option<Vec<u8>> {
    // Tabs and line breaks are taken out ahead of all else.
    let path: String = path
        .trim_matches(|it| it <= ' ')
        .chars()
        .filter(|it| !matches!(it, '\t' | '\n' | '\r'))
        .map(|it| if it == '\\' { '/' } else { it })
        .collect();
    let inner = path.strip_prefix('/')?;
    // Two slashes at the start are those of an authority.
    if inner.starts_with('/') {
        return None;
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            ".." => {
                kept.pop();
            }
            "." => {}
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // What is left of a dot segment at the end is a slash.
        if last {
            kept.push("");
        }
    }
    let mut read = Vec::with_capacity(path.len());
    for segment in kept {
        read.push(b'/');
        for byte in segment.bytes() {
            if ENCODED.contains(&byte) || !(0x21..0x7f).contains(&byte) {
                read.extend(format!("%{byte:02X}").bytes());
            } else {
                read.push(byte);
            }
        }
    }
    Some(read)
}

//! Which paths mean the same to every program that reads them. The listener for clients, the calls
//! of guests and the configuration check their paths with these rules.
//!
//! Programs differ in what they do to a path before they use it: decode it, merge slashes, cut off
//! what follows a `;`, resolve `..`, and all of that in different orders. A path that two programs
//! read differently bypasses access rules. Such a path is refused and not repaired.

/// Longest path of a client, and longest path of a call with its query, in bytes: what common
/// servers take.
pub const MAX_LENGTH: usize = 8 << 10;

/// Why a path is ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ambiguity {
    /// It is relative, a URL, or empty.
    NoSlash,
    /// Some servers merge slashes. At the start, an empty segment reads as another host.
    EmptySegment,
    /// Servers that cut off the parameters of a segment are left with an empty one.
    OnlyParameters,
    /// Before or after decoding, and whatever parameters follow it.
    DotSegment,
    /// Some servers split the path after decoding it.
    EncodedSlash,
    /// Encoded or not.
    Backslash,
    /// Ends a line or a text where it is decoded.
    EncodedControl,
    /// A `%` that encodes nothing.
    Escape,
    /// UTF-8 in more bytes than needed, which old decoders read as ASCII.
    Overlong,
    /// A space, a control character or one that is not ASCII.
    NotEncoded,
    /// What follows would be no part of the path.
    QueryOrFragment,
}

impl Ambiguity {
    /// The rule that is broken, as it goes on from "the path ..".
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::NoSlash => "does not begin with \"/\"",
            Self::EmptySegment => "holds an empty segment (\"//\")",
            Self::OnlyParameters => {
                "holds a segment that begins with \";\", which some servers read as an empty one"
            }
            Self::DotSegment => "holds a \".\" or \"..\" segment",
            Self::EncodedSlash => "holds an encoded slash (\"%2F\")",
            Self::Backslash => "holds a backslash, which some servers read as a slash",
            Self::EncodedControl => "holds an encoded control character",
            Self::Escape => "holds a \"%\" without two hexadecimal digits",
            Self::Overlong => "holds an overlong encoding of a character",
            Self::NotEncoded => "holds a character that must be percent-encoded",
            Self::QueryOrFragment => "holds a query or a fragment",
        }
    }
}

/// Checks a path: all of its segments, to their ends.
///
/// A segment is decoded once. What is encoded twice (`%252F`) is text that holds a percent sign.
///
/// # Errors
///
/// The first rule that the path breaks.
pub fn check(path: &str) -> Result<(), Ambiguity> {
    let inner = path.strip_prefix('/').ok_or(Ambiguity::NoSlash)?;
    if is_plain(inner) {
        return Ok(());
    }
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        // The last segment is empty in "/" and after a slash at the end.
        if segment.is_empty() && segments.peek().is_some() {
            return Err(Ambiguity::EmptySegment);
        }
        check_segment(segment)?;
    }
    Ok(())
}

/// Whether no byte of a path means anything to anyone, as in most paths: letters, digits, dashes
/// and underscores, in segments of which only the last may be empty. `inner` is what follows the
/// first slash.
fn is_plain(inner: &str) -> bool {
    let mut before = b'/';
    inner.bytes().all(|byte| {
        let after_slash = std::mem::replace(&mut before, byte) == b'/';
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (byte == b'/' && !after_slash)
    })
}

/// The rules for one segment, that is for what stands between two slashes.
fn check_segment(segment: &str) -> Result<(), Ambiguity> {
    let mut bytes = segment.bytes();
    let mut name = Name::default();
    let mut before = 0;
    while let Some(written) = bytes.next() {
        let encoded = written == b'%';
        let byte = match written {
            b'%' => hex_pair(bytes.next(), bytes.next()).ok_or(Ambiguity::Escape)?,
            b'?' | b'#' => return Err(Ambiguity::QueryOrFragment),
            0..=b' ' | 0x7f.. => return Err(Ambiguity::NotEncoded),
            byte => byte,
        };
        match byte {
            b'/' => return Err(Ambiguity::EncodedSlash),
            b'\\' => return Err(Ambiguity::Backslash),
            0..0x20 | 0x7f if encoded => return Err(Ambiguity::EncodedControl),
            _ if is_overlong(before, byte) => return Err(Ambiguity::Overlong),
            byte => name.push(byte),
        }
        before = byte;
    }
    name.check()
}

/// What of a segment is left where its parameters are cut off (RFC 3986 section 3.3).
#[derive(Default)]
struct Name {
    dots: usize,
    others: bool,
    parameters: bool,
}

impl Name {
    fn push(&mut self, byte: u8) {
        match byte {
            // An encoded one too: some servers decode first.
            b';' => self.parameters = true,
            _ if self.parameters => {}
            b'.' => self.dots += 1,
            _ => self.others = true,
        }
    }

    fn check(&self) -> Result<(), Ambiguity> {
        match self {
            Self { others: true, .. } => Ok(()),
            Self { dots: 1 | 2, .. } => Err(Ambiguity::DotSegment),
            Self {
                dots: 0,
                parameters: true,
                ..
            } => Err(Ambiguity::OnlyParameters),
            Self { .. } => Ok(()),
        }
    }
}

/// Whether two bytes begin a sequence of UTF-8 that is longer than its character needs (RFC 3629
/// section 3): `%C0%AE` is a dot to decoders that do not look. Text in Latin-1 has no such pairs.
fn is_overlong(first: u8, second: u8) -> bool {
    match first {
        0xc0 | 0xc1 => matches!(second, 0x80..=0xbf),
        0xe0 => matches!(second, 0x80..=0x9f),
        0xf0 => matches!(second, 0x80..=0x8f),
        _ => false,
    }
}

/// The byte that two hexadecimal digits stand for.
pub fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high?)? << 4 | digit(low?)?)
}

#[cfg(test)]
mod tests;

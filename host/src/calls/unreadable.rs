//! Describes an unreadable response for the log: its declared type and what its first bytes look
//! like, never its content.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};

use crate::downstream::ServiceResponse;
use crate::text::cut;

/// The part of a response that is kept until it is decoded.
pub(super) struct ResponseSample {
    content_type: Option<HeaderValue>,
    content_encoding: Option<HeaderValue>,
    body: Bytes,
}

/// A response that cannot be read, described for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// Its `content-type`, cut; empty when it has none.
    pub(super) content_type: String,
    /// Its `content-encoding`, cut; empty when it has none.
    pub(super) content_encoding: String,
    /// The kind of its first bytes.
    pub(super) begins: BodyKind,
}

/// The kind of content that the first bytes of a body indicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Empty,
    ByteOrderMark,
    Utf16,
    Gzip,
    Zstd,
    Markup,
    Json,
    Text,
    Binary,
}

impl ResponseSample {
    /// Copies nothing: fields and body are shared.
    pub(super) fn of(response: &ServiceResponse) -> Self {
        Self {
            content_type: response.headers.get(CONTENT_TYPE).cloned(),
            content_encoding: response.headers.get(CONTENT_ENCODING).cloned(),
            body: response.body.clone(),
        }
    }

    /// Describes it.
    pub(super) fn unreadable(&self) -> Unreadable {
        let field = |value: &Option<HeaderValue>| {
            let value = value.as_ref().map(HeaderValue::as_bytes);
            cut(&value.unwrap_or_default().escape_ascii().to_string())
        };
        Unreadable {
            content_type: field(&self.content_type),
            content_encoding: field(&self.content_encoding),
            begins: BodyKind::of(&self.body),
        }
    }
}

impl BodyKind {
    fn of(body: &[u8]) -> Self {
        match body {
            [] => Self::Empty,
            [0xef, 0xbb, 0xbf, ..] => Self::ByteOrderMark,
            [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => Self::Utf16,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => match body.trim_ascii_start() {
                [b'<', ..] => Self::Markup,
                [b'{' | b'[' | b'"' | b'-' | b'0'..=b'9', ..] => Self::Json,
                [0x20..=0x7e | 0x80.., ..] => Self::Text,
                [] => Self::Empty,
                _ => Self::Binary,
            },
        }
    }
}

impl fmt::Display for BodyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing, or white space alone",
            Self::ByteOrderMark => "a UTF-8 byte order mark",
            Self::Utf16 => "a UTF-16 byte order mark",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Markup => "markup such as HTML",
            Self::Json => "like JSON",
            Self::Text => "text that is not JSON",
            Self::Binary => "binary",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_told_by_its_first_bytes_and_never_shown() {
        for (body, begins) in [
            (&b""[..], "nothing"),
            (b" \n", "nothing"),
            (b"\xef\xbb\xbf{}", "UTF-8 byte order mark"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"\n<html>", "markup"),
            (b"{\"a\": secret", "like JSON"),
            (b"-1x", "like JSON"),
            (b"secret", "text"),
            (b"\0\x01", "binary"),
        ] {
            let shown = BodyKind::of(body).to_string();
            assert!(shown.contains(begins), "{body:?}: {shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn fields_are_cut_and_escaped() {
        let field = |value: &[u8]| Some(HeaderValue::from_bytes(value).unwrap());
        let told = ResponseSample {
            content_type: field(b"a\xff"),
            content_encoding: field("x".repeat(500).as_bytes()),
            body: Bytes::new(),
        };
        let told = told.unreadable();
        assert_eq!(told.content_type, "a\\xff");
        assert!(told.content_encoding.len() < 100);
    }
}

//! The transfer codings of a message: which framings of a body are accepted, from clients and from
//! services.
//!
//! `chunked` frames a body. Other codings change it, and the HTTP library decodes none of them: it
//! looks for `chunked` at the end of the list and passes on the rest.

use http::HeaderMap;
use http::header::TRANSFER_ENCODING;
use thiserror::Error;

/// Why the framing of a body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TransferCodingError {
    /// A coding that the host cannot decode, or no coding at all.
    #[error("has a coding other than \"chunked\"")]
    Unknown,
    /// A body is chunked once (RFC 9112 section 6.1). Two programs may read such a body
    /// differently.
    #[error("says \"chunked\" more than once")]
    Repeated,
}

/// Accepts `chunked`, once, or no field.
///
/// # Errors
///
/// What is wrong with the field.
pub fn check_transfer_coding(headers: &HeaderMap) -> Result<(), TransferCodingError> {
    let mut chunked = false;
    let lines = headers.get_all(TRANSFER_ENCODING).iter();
    // An empty item is legal in a list (RFC 9110 section 5.6.1), but a reader that looks at the
    // last item alone finds no `chunked` there.
    for coding in lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')) {
        if !coding.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(TransferCodingError::Unknown);
        }
        if chunked {
            return Err(TransferCodingError::Repeated);
        }
        chunked = true;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(lines: &[&'static str]) -> Result<(), TransferCodingError> {
        let line = |line: &&'static str| (TRANSFER_ENCODING, HeaderValue::from_static(line));
        check_transfer_coding(&lines.iter().map(line).collect())
    }

    #[test]
    fn a_body_is_chunked_once_and_coded_in_no_other_way() {
        assert_eq!(check(&[]), Ok(()));
        for taken in ["chunked", "Chunked", "\t chunked "] {
            assert_eq!(check(&[taken]), Ok(()), "{taken:?}");
        }
        for lines in [
            &["gzip, chunked"][..],
            &["gzip", "chunked"],
            &["chunked, gzip"],
            &["gzip"],
            &["deflate,chunked"],
            &["identity"],
            &["identity, chunked"],
            &["xchunked"],
            &["chunked;q=1"],
            &["\"chunked\""],
            &["chun ked"],
            &[""],
            &["chunked,"],
            &[", chunked"],
            &["chunked", ""],
        ] {
            assert_eq!(check(lines), Err(TransferCodingError::Unknown), "{lines:?}");
        }
        for lines in [&["chunked, chunked"][..], &["chunked", "CHUNKED"]] {
            assert_eq!(
                check(lines),
                Err(TransferCodingError::Repeated),
                "{lines:?}"
            );
        }
    }
}

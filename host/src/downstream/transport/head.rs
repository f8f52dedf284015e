//! The rules for the head of an answer beyond those of HTTP.

use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::coding::check_transfer_coding;
use crate::downstream::error::Cause;

/// Most fields of a head. hyper accepts no more over HTTP/1.1.
pub const MAX_FIELDS: usize = 100;

/// Checks the head of an answer. Its size was checked on arrival.
///
/// # Errors
///
/// The first rule that it breaks.
pub fn check_head(head: &Parts, has_body: bool, max_size: usize) -> Result<(), Cause> {
    if head.headers.len() > MAX_FIELDS {
        return Err(Cause::HeadTooLarge { limit: max_size });
    }
    if head.status.is_informational() {
        return Err(Cause::Malformed {
            what: "the answer switches protocols, which was not requested".to_owned(),
        });
    }
    if has_body {
        check_transfer_coding(&head.headers).map_err(|error| Cause::Malformed {
            what: format!("the answer's transfer-encoding {error}"),
        })?;
    }
    Ok(())
}

/// The size of a head as RFC 9113 section 6.5.2 counts it. The status is left out.
pub fn size(headers: &HeaderMap) -> usize {
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 32;
    headers.iter().map(field).sum()
}

//! From a service's response to what crosses into the guest: header fields, and the body or the
//! values picked out of it.

use http::{HeaderMap, StatusCode};

use super::select::{PickError, Selection};
use super::shape::Shape;
use crate::contract::{self, BYTE_ORDER_MARK, Payload, Reply};
use crate::downstream::{Cause, ServiceResponse, Source};
use crate::http_fields::named_in_connection;
use crate::tape::Answered;

/// Makes the guest's reply.
///
/// # Errors
///
/// When values are to be picked and the body is not JSON, or the values are too large together.
pub(super) fn reply(
    shape: &Shape,
    response: ServiceResponse,
    selection: Option<&Selection>,
    source: Source,
) -> Result<Reply, Cause> {
    let status = response.status.as_u16();
    let named = named_in_connection(&response.headers);
    let headers = response
        .headers
        .iter()
        .filter(|(name, value)| !named.contains(name) && shape.receives(name, value))
        .filter_map(|(name, value)| {
            let value = str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect();
    let (body, selected) = body(response, selection)?;
    Ok(Reply {
        status,
        headers,
        body,
        selected,
        source: match source {
            Source::Live => contract::Source::Live,
            Source::Cached => contract::Source::Cached,
            Source::Stale => contract::Source::Stale,
            Source::Fallback => contract::Source::Fallback,
        },
    })
}

/// The same of an answer on a tape, whose header fields are those that a guest gets.
///
/// # Errors
///
/// As [`reply`].
pub(super) fn replayed(answered: Answered, selection: Option<&Selection>) -> Result<Reply, Cause> {
    let response = ServiceResponse {
        status: StatusCode::from_u16(answered.status).map_err(|_| Cause::Malformed {
            what: format!("status {} is none", answered.status),
        })?,
        headers: HeaderMap::new(),
        body: answered.body,
    };
    let (body, selected) = body(response, selection)?;
    Ok(Reply {
        status: answered.status,
        headers: answered.headers,
        body,
        selected,
        source: answered.source,
    })
}

/// The body of a response, or the values picked out of it.
fn body(
    response: ServiceResponse,
    selection: Option<&Selection>,
) -> Result<(Payload, Vec<Option<String>>), Cause> {
    Ok(match selection {
        None => (Payload::from_bytes(response.body), Vec::new()),
        Some(selection) if !response.status.is_success() => (
            Payload::from_bytes(response.body),
            vec![None; selection.len()],
        ),
        Some(selection) if is_empty(&response) => (Payload::None, vec![None; selection.len()]),
        Some(selection) => {
            let picked = pick(&response, selection)?;
            (Payload::None, picked)
        }
    })
}

/// Whether the values can be picked out of a response, or need not be.
pub(super) fn is_readable(response: &ServiceResponse, selection: &Selection) -> bool {
    !response.status.is_success()
        || is_empty(response)
        || !matches!(pick(response, selection), Err(Cause::Malformed { .. }))
}

fn pick(response: &ServiceResponse, selection: &Selection) -> Result<Vec<Option<String>>, Cause> {
    selection.pick(&response.body).map_err(|error| match error {
        PickError::TooLarge { limit } => Cause::TooLarge { limit },
        PickError::NotUtf8 { .. } | PickError::Truncated { .. } | PickError::NotJson { .. } => {
            Cause::Malformed {
                what: error.to_string(),
            }
        }
    })
}

/// Whether there is nothing to pick from: no body, or one without a meaning.
fn is_empty(response: &ServiceResponse) -> bool {
    matches!(
        response.status,
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT
    ) || matches!(&response.body[..], b"" | BYTE_ORDER_MARK)
}

#[cfg(test)]
mod tests;

//! From a service's answer to what crosses into the guest: header fields, and the body or the values picked out of it.

use http::HeaderName;

use super::error::DownstreamError;
use super::select::{PickError, Selection};
use super::{Answer, Service};
use crate::contract::{Payload, Reply, Source};

/// Makes the guest's reply.
///
/// # Errors
///
/// When values are to be picked and the body is not JSON, or the values are too large together.
pub(super) fn reply(
    service: &Service,
    mut answer: Answer,
    selection: Option<&Selection>,
    source: Source,
) -> Result<Reply, DownstreamError> {
    let status = answer.status.as_u16();
    service.shape().receive(&mut answer.headers);
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !connection_specific(name))
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let (body, selected) = match selection {
        None => (Payload::from_bytes(answer.body), Vec::new()),
        Some(selection) if answer.status.is_success() => {
            let picked = selection.pick(&answer.body).map_err(|error| match error {
                PickError::TooLarge { limit } => DownstreamError::TooLarge {
                    service: service.name().to_string(),
                    limit,
                },
                PickError::NotUtf8 { .. }
                | PickError::Truncated { .. }
                | PickError::NotJson { .. } => DownstreamError::Malformed {
                    service: service.name().to_string(),
                    what: error.to_string(),
                },
            })?;
            (Payload::None, picked)
        }
        Some(selection) => (
            Payload::from_bytes(answer.body),
            vec![None; selection.len()],
        ),
    };
    Ok(Reply {
        status,
        headers,
        body,
        selected,
        source,
    })
}

/// Fields that speak of the connection to the service, not of the answer.
fn connection_specific(name: &HeaderName) -> bool {
    use http::header;
    matches!(
        *name,
        header::CONNECTION
            | header::TRANSFER_ENCODING
            | header::TRAILER
            | header::UPGRADE
            | header::TE
    ) || name == "keep-alive"
        || name == "proxy-connection"
}

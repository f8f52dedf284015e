//! The request target: a path that means the same to everyone behind it, and the decoded query.

use http::request::Parts;
use http::{Method, Uri};

use super::rejection::Rejection;
use crate::path;
use crate::query;
use crate::text::cut;

/// Most parameters of a query.
const MAX_PARAMETERS: usize = 100;

/// The path of a request as it was sent, or `*` with OPTIONS.
///
/// What two programs could read in two ways is refused and not repaired, by the rules of
/// [`path::check`].
pub(super) fn path(parts: &Parts) -> Result<&str, Rejection> {
    check_form(&parts.uri)?;
    let path = parts.uri.path();
    if path == "*" {
        return if parts.method == Method::OPTIONS {
            Ok(path)
        } else {
            Err(Rejection::Path("is \"*\", which only OPTIONS may ask for"))
        };
    }
    if path.len() > path::MAX_LENGTH {
        return Err(Rejection::PathTooLong {
            limit: path::MAX_LENGTH,
        });
    }
    path::check(path).map_err(|ambiguity| Rejection::Path(ambiguity.why()))?;
    Ok(path)
}

/// Origin-form or absolute-form (RFC 9112 section 3.2). A host and port alone are for CONNECT.
fn check_form(uri: &Uri) -> Result<(), Rejection> {
    match (uri.scheme_str(), uri.authority()) {
        (None, Some(_)) => Err(Rejection::Path("is missing; the target is only a host")),
        (None | Some("http" | "https"), _) => Ok(()),
        (Some(_), _) => Err(Rejection::Path("is of another scheme than http")),
    }
}

/// Name and value of each parameter, decoded, in order (`application/x-www-form-urlencoded`).
pub(in crate::server) fn query(uri: &Uri) -> Result<Vec<(String, String)>, Rejection> {
    let mut pairs = Vec::new();
    for (name, value) in query::parameters(uri.query().unwrap_or_default()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(Rejection::TooManyParameters {
                limit: MAX_PARAMETERS,
            });
        }
        let refuse = |why| Rejection::Query {
            parameter: cut(name),
            why,
        };
        pairs.push((
            query::decode(name).map_err(refuse)?,
            query::decode(value).map_err(refuse)?,
        ));
    }
    Ok(pairs)
}

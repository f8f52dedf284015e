//! Who asks, and whether they may.

use http::header::AUTHORIZATION;
use http::{Request, StatusCode};

use super::problem::V1Problem;
use super::routes::{Need, Route};
use crate::releases::{Caller, OrderError, TokenError};
use crate::server::admin::{Pages, steer};

/// The scheme of RFC 6750, whose name is in letters of any case.
const BEARER: &str = "bearer ";

/// Who sent a request.
///
/// # Errors
///
/// When it may come from nobody who can be known here.
pub(in crate::server::admin) async fn caller<B>(
    request: &Request<B>,
    pages: &Pages,
) -> Result<Caller, V1Problem> {
    admit(request, pages)?;
    if !pages.settings.tokens {
        return Ok(Caller::Local);
    }
    let text = bearer(request).ok_or(OrderError::Token(TokenError::Missing))?;
    Ok(Caller::Token(pages.orders.authenticate(text).await?))
}

/// Refuses what no caller may send.
///
/// # Errors
///
/// Why.
pub(super) fn admit<B>(request: &Request<B>, pages: &Pages) -> Result<(), V1Problem> {
    let is_local = pages.address.ip().to_canonical().is_loopback();
    if !is_local && !pages.settings.is_guarded() {
        return Err(V1Problem::new(
            StatusCode::FORBIDDEN,
            "listener",
            format!(
                "other machines can reach {} without TLS and tokens",
                pages.address
            ),
            "set admin.tls and admin.tokens, or bind admin.listen to 127.0.0.1 or [::1]",
        ));
    }
    steer::refuse_browsers(request).map_err(|_| {
        let fix = "send it with curl, without origin and sec-fetch-site";
        let what = "the request is that of a web page";
        V1Problem::new(StatusCode::FORBIDDEN, "browser", what, fix)
    })
}

/// The token of a request. `None` if there is none, or more than one field.
fn bearer<B>(request: &Request<B>) -> Option<String> {
    let mut fields = request.headers().get_all(AUTHORIZATION).iter();
    let text = fields.next()?.to_str().ok()?;
    let (scheme, token) = text.split_at_checked(BEARER.len())?;
    let is_one = scheme.eq_ignore_ascii_case(BEARER) && fields.next().is_none();
    is_one.then(|| token.trim().to_owned())
}

/// Refuses what a caller may not. A BFF that is another team's is told from none by nothing.
///
/// # Errors
///
/// Why.
pub(super) fn check(caller: &Caller, route: &Route, bff: Option<&str>) -> Result<(), V1Problem> {
    if let Some(bff) = bff.filter(|bff| !caller.knows(bff)) {
        return Err(OrderError::NoBff(bff.to_owned()).into());
    }
    let lacking = match route.need {
        Need::Nothing | Need::Proof => None,
        Need::Scope(scope) => (!caller.may(scope)).then(|| scope.name()),
        Need::Operator => (!caller.is_operator()).then_some("operator"),
    };
    match lacking {
        None => Ok(()),
        Some(scope) => {
            let what = format!("the token has no scope {scope}");
            let fix = "use one that has it; the operator makes tokens";
            Err(V1Problem::new(StatusCode::FORBIDDEN, "scope", what, fix))
        }
    }
}

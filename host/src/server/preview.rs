//! Requests for previews: by a host name of their own, or by the field `tailor-version` on any
//! route. Both need a token: an open field would let anybody pick a version with an old hole.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::access::Access;
use super::inbound::Head;
use super::problem::Code;
use super::reply::Reply;
use super::worker::Worker;
use crate::bff::version::Version;
use crate::preview::PreviewHost;
use crate::router::RouteMatch;
use crate::snapshot::{PreviewError, PreviewOf, Snapshot, Target};

/// The version that a client asks for: the name of a preview, or first digits of a digest.
const TAILOR_VERSION: HeaderName = HeaderName::from_static("tailor-version");
/// The token of its holder.
const TAILOR_TOKEN: HeaderName = HeaderName::from_static("tailor-token");
/// What all tokens begin with.
const TOKEN: &str = "tlr_";

/// A preview that a request is for.
pub(super) struct Asked {
    name: String,
    /// The BFF that its host name has; without one, that of its route.
    bff: Option<String>,
}

/// Where a request for a preview goes.
pub(super) struct Shown<'p> {
    pub(super) target: Arc<Target>,
    pub(super) rest: &'p str,
    pub(super) version: Arc<Version>,
}

/// The preview that a request is for, if it is for one.
pub(super) fn asked(snapshot: &Snapshot, head: &Head<'_>) -> Option<Asked> {
    let settings = snapshot.config.releases.preview.as_ref()?;
    let host = &head.authority.host;
    let site = settings.site.as_ref();
    if let Some(host) = site.and_then(|site| PreviewHost::read(host, &site.domain)) {
        return Some(Asked {
            name: host.name.to_owned(),
            bff: Some(host.bff.to_owned()),
        });
    }
    let field = head.headers.get(TAILOR_VERSION)?;
    Some(Asked {
        // One that is no text names nothing.
        name: field.to_str().unwrap_or_default().to_owned(),
        bff: None,
    })
}

/// Finds the version of a preview, for a client that may see it.
///
/// # Errors
///
/// The host's answer to one that may not, or where there is none.
pub(super) async fn find<'p>(
    worker: &Worker,
    head: &Head<'p>,
    asked: Asked,
    access: &Access,
) -> Result<Shown<'p>, Box<Reply>> {
    let refused = |error| Box::new(refused(&error, asked.bff.is_some(), access));
    let token = token(head.headers, asked.bff.is_some());
    let Some(previews) = &worker.shared.previews else {
        return Err(Box::new(Reply::problem(Code::NotFound, "", access)));
    };
    let snapshot = worker.shared.snapshot.load_full();
    // Who has no token does not learn which BFFs there are.
    let (index, rest) = match &asked.bff {
        Some(bff) => {
            let admitted = previews.admit(token.clone(), bff.clone()).await;
            admitted.map_err(refused)?;
            let of_bff = |index: usize| snapshot.targets[index].bff.settings().name == *bff;
            let (path, method, headers) = (head.path, head.method, head.headers);
            let found = snapshot.routes.find_among(path, method, headers, of_bff);
            route(found, access)?
        }
        None => {
            let host = &head.authority.host;
            let found = snapshot
                .routes
                .find(host, head.path, head.method, head.headers);
            let found = route(found, access)?;
            let bff = &snapshot.targets[found.0].bff.settings().name;
            previews.admit(token, bff.clone()).await.map_err(refused)?;
            found
        }
    };
    let target = snapshot.targets[index].clone();
    let of = PreviewOf {
        bff: target.bff.clone(),
        services: snapshot.services.clone(),
        config: snapshot.config.clone(),
    };
    let version = previews.version(of, asked.name.clone()).await;
    Ok(Shown {
        target,
        rest,
        version: version.map_err(refused)?,
    })
}

fn route<'p>(found: RouteMatch<'_, 'p>, access: &Access) -> Result<(usize, &'p str), Box<Reply>> {
    match found {
        RouteMatch::Route { index, rest } => Ok((index, rest)),
        other => Err(Box::new(Reply::unrouted(&other, access))),
    }
}

/// The token of a request. A browser sends it as the password of the page's login.
fn token(headers: &HeaderMap, by_host: bool) -> Option<String> {
    if let Some(token) = headers.get(TAILOR_TOKEN) {
        return token.to_str().ok().map(str::to_owned);
    }
    let credentials = headers.get(AUTHORIZATION).filter(|_| by_host)?;
    of_credentials(credentials)
}

/// The token in `authorization`, if it has one.
fn of_credentials(field: &HeaderValue) -> Option<String> {
    let (scheme, rest) = field.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    let token = match scheme {
        _ if scheme.eq_ignore_ascii_case("bearer") => rest.to_owned(),
        _ if scheme.eq_ignore_ascii_case("basic") => {
            let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            text.split_once(':')?.1.to_owned()
        }
        _ => return None,
    };
    token.starts_with(TOKEN).then_some(token)
}

/// Removes the token from the fields of a request for a preview: no service gets it.
pub(super) fn remove_token(headers: &mut HeaderMap) {
    headers.remove(TAILOR_TOKEN);
    let has_token = |field: &HeaderValue| of_credentials(field).is_some();
    if headers.get_all(AUTHORIZATION).iter().any(has_token) {
        headers.remove(AUTHORIZATION);
    }
}

fn refused(error: &PreviewError, by_host: bool, access: &Access) -> Reply {
    let code = match error {
        PreviewError::Token(_) | PreviewError::Scope => Code::PreviewToken,
        PreviewError::Unknown { .. } => Code::PreviewUnknown,
        PreviewError::Store(_) | PreviewError::Load | PreviewError::Slow => {
            Code::PreviewUnavailable
        }
    };
    let mut reply = Reply::problem(code, &error.to_string(), access);
    if code == Code::PreviewToken {
        // A browser asks its user then. A page that sends the field by itself does not want that.
        let challenge = match by_host {
            true => "Basic realm=\"preview\", charset=\"UTF-8\"",
            false => "Bearer realm=\"preview\"",
        };
        let challenge = HeaderValue::from_static(challenge);
        let headers = reply.response.headers_mut();
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_in_a_field_of_its_own_or_as_a_password() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (field, expected) in [
            ("Bearer tlr_a".to_owned(), Some("tlr_a")),
            ("bearer   tlr_a ".to_owned(), Some("tlr_a")),
            ("Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(), None),
            (basic("me:tlr_a"), Some("tlr_a")),
            (basic(":tlr_a:b"), Some("tlr_a:b")),
            (basic("tlr_a"), None),
            (basic("me:secret"), None),
            ("Basic ?".to_owned(), None),
            ("tlr_a".to_owned(), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::try_from(&field).unwrap());
            assert_eq!(token(&headers, true).as_deref(), expected, "{field}");
            assert_eq!(token(&headers, false), None, "{field}");
            remove_token(&mut headers);
            assert_eq!(headers.is_empty(), expected.is_some(), "{field}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(TAILOR_TOKEN, HeaderValue::from_static("tlr_b"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer user"));
        for by_host in [true, false] {
            assert_eq!(token(&headers, by_host).as_deref(), Some("tlr_b"));
        }
        remove_token(&mut headers);
        assert_eq!(headers.len(), 1, "the user's own");
    }
}

//! The host names that the admin listener accepts, and the format of the metrics.
//!
//! A web page may let a name of its own point to the address of this listener, and would then be
//! allowed to read what is here (DNS rebinding). Its browser sends that name as `host`. An address
//! cannot be made to point elsewhere.

use std::net::Ipv4Addr;

use http::header::ACCEPT;
use http::{HeaderMap, Request, StatusCode};

use super::steer::Refused;
use crate::config;
use crate::server::inbound::Authority;

/// Refuses a request with a host name that the operator did not configure for this listener.
///
/// # Errors
///
/// What is wrong with the name, with the way out.
pub(super) fn check<B>(request: &Request<B>, settings: &config::Admin) -> Result<(), Refused> {
    let authority = Authority::of(request.version(), request.uri(), request.headers())
        .map_err(|error| Refused(StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    let host = &*authority.host;
    // Every browser sends it.
    if host.is_empty() || host == "localhost" || is_address(host) {
        return Ok(());
    }
    if settings.hosts.iter().any(|name| name == host) {
        return Ok(());
    }
    let what = format!("{host:?} is no name of this listener; add it to admin.hosts\n");
    Err(Refused(StatusCode::MISDIRECTED_REQUEST, what))
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

/// Whether a scraper wants OpenMetrics rather than the older format, which all can read: only when
/// it names that format, and does not rank it lower (RFC 9110 section 12.5.1).
pub(super) fn wants_openmetrics(headers: &HeaderMap) -> bool {
    let (mut open, mut classic) = (0.0, 0.0);
    let fields = headers.get_all(ACCEPT).iter();
    for range in fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight = weight.map_or(Ok(1.0), str::parse::<f32>).unwrap_or(0.0);
        match &*kind {
            "application/openmetrics-text" => open = weight.max(open),
            "text/plain" | "text/*" | "*/*" => classic = weight.max(classic),
            _ => {}
        }
    }
    open > 0.0 && open >= classic
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,\
                          application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, open) in [
            (prometheus, true),
            ("application/openmetrics-text", true),
            (
                "Application/OpenMetrics-Text; version=1.0.0, text/plain",
                true,
            ),
            ("*/*", false),
            ("text/plain;version=0.0.4", false),
            ("text/plain, application/openmetrics-text;q=0.5", false),
            ("application/openmetrics-text;q=0", false),
            ("application/openmetrics-text;q=x", false),
            ("application/json", false),
            ("", false),
        ] {
            let field = HeaderValue::from_static(accept);
            let headers = HeaderMap::from_iter([(ACCEPT, field)]);
            assert_eq!(wants_openmetrics(&headers), open, "{accept}");
        }
        assert!(!wants_openmetrics(&HeaderMap::new()));
    }
}

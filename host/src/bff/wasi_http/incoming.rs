//! The request of a client as `wasi:http` has it.

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body_util::Full;
use thiserror::Error;

use crate::contract::Request;
use crate::query::push_parameter;

/// The longest target that the library takes, bytes.
const MAX_TARGET: usize = 65_534;

/// The authority of a request whose host is the name of a service: to the guest that name is the
/// service, and by links to itself a client could choose which one it calls.
const HIDDEN: Authority = Authority::from_static("client.invalid");

/// The path with its query is longer than the library takes, bytes.
#[derive(Debug, Error)]
#[error("the target has {size} bytes")]
pub(in crate::bff) struct TooLong {
    pub(in crate::bff) size: usize,
}

/// A request for the guest: with what a guest of the host's own contract sees, and the length of its
/// body. `is_service` tells the names of services that the guest may call.
///
/// # Errors
///
/// [`TooLong`], when the path with its query, written anew, is too long for a target.
pub(super) fn request(
    request: Request,
    is_service: impl Fn(&str) -> bool,
) -> wasmtime::Result<http::Request<Full<Bytes>>> {
    let mut target = request.path;
    for (index, (name, value)) in request.query.iter().enumerate() {
        push_parameter(&mut target, if index == 0 { "?" } else { "&" }, name, value);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        // They came out of such a map, or out of a fixture.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            headers.append(name, value);
        }
    }
    let size = target.len();
    let target = PathAndQuery::try_from(target).map_err(|error| match size {
        ..=MAX_TARGET => wasmtime::Error::from(error),
        _ => TooLong { size }.into(),
    })?;
    let mut uri = Uri::builder().path_and_query(target);
    match Authority::try_from(request.client.host.as_str()) {
        Ok(authority) => {
            let host = authority.as_str().to_ascii_lowercase();
            let authority = if is_service(&host) { HIDDEN } else { authority };
            uri = uri.scheme("http").authority(authority);
        }
        Err(_) => {
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        }
    }
    let body = request.body.into_bytes();
    if !body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    let mut incoming = http::Request::new(Full::new(body));
    *incoming.method_mut() = request.method.into();
    *incoming.uri_mut() = uri.build()?;
    *incoming.headers_mut() = headers;
    Ok(incoming)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Client, Method, Payload};

    fn of(path: &str, query: &[(&str, &str)], host: &str) -> http::Request<Full<Bytes>> {
        let query = query
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let request = Request {
            id: "1".to_owned(),
            method: Method::Post,
            path: path.to_owned(),
            query: query.collect(),
            headers: vec![("accept".into(), "a".into()), ("accept".into(), "b".into())],
            body: Payload::Text("x".to_owned()),
            client: Client {
                name: "watch".to_owned(),
                host: host.to_owned(),
            },
        };
        super::request(request, |host| host == "goals").unwrap()
    }

    #[test]
    fn path_query_host_and_fields_are_those_of_the_client() {
        let made = of("/a%20b", &[("q", "c d&"), ("e", "")], "bff.example:8080");
        assert_eq!(made.uri(), "http://bff.example:8080/a%20b?q=c%20d%26&e=");
        assert_eq!(made.method(), http::Method::POST);
        assert_eq!(made.headers().get_all("accept").iter().count(), 2);
        assert!(!made.headers().contains_key("host"));
    }

    #[test]
    fn a_target_that_is_too_long_is_told_with_its_size() {
        let request = Request {
            id: "1".to_owned(),
            method: Method::Get,
            path: "/".to_owned(),
            query: vec![("a".to_owned(), "[".repeat(28_000))],
            headers: Vec::new(),
            body: Payload::None,
            client: Client {
                name: "watch".to_owned(),
                host: "localhost".to_owned(),
            },
        };
        let error = super::request(request, |_| false).unwrap_err();
        assert_eq!(error.downcast_ref::<TooLong>().unwrap().size, 84_004);
    }

    #[test]
    fn a_host_by_the_name_of_a_service_is_hidden() {
        for (host, seen) in [
            ("goals", "client.invalid"),
            ("GOALS", "client.invalid"),
            ("goals:80", "goals:80"),
            ("goals.example", "goals.example"),
        ] {
            assert_eq!(of("/", &[], host).uri().authority().unwrap(), seen);
        }
    }

    #[test]
    fn a_host_that_is_none_is_replaced() {
        let made = of("/", &[], "not a host");
        assert_eq!(made.uri(), "/");
        assert_eq!(made.headers()["host"], "localhost");
    }
}

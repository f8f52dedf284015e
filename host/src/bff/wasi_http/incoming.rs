//! The request of a client as `wasi:http` has it.

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body_util::Full;

use crate::contract::Request;
use crate::query::push_parameter;

/// A request for the guest: with what a guest of the host's own contract sees, and no more.
///
/// # Errors
///
/// When the path with its query, written anew, is too long for a target.
pub(super) fn request(request: Request) -> Result<http::Request<Full<Bytes>>, http::Error> {
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
    let mut uri = Uri::builder().path_and_query(PathAndQuery::try_from(target)?);
    match Authority::try_from(request.client.host.as_str()) {
        Ok(authority) => uri = uri.scheme("http").authority(authority),
        Err(_) => {
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        }
    }
    let mut incoming = http::Request::new(Full::new(request.body.into_bytes()));
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
        request(Request {
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
        })
        .unwrap()
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
    fn a_host_that_is_none_is_replaced() {
        let made = of("/", &[], "not a host");
        assert_eq!(made.uri(), "/");
        assert_eq!(made.headers()["host"], "localhost");
    }
}

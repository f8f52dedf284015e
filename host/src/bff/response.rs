//! From a guest's answer to a response for the client. A guest's mistakes are refused, not
//! repaired: a response with two lengths or a hop-by-hop field is how one message becomes two.

use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::error::BffError;
use crate::contract::{Payload, Response};
use crate::http_fields;
use crate::text::cut;

/// Fields that are allocated at once. A map panics on a capacity past its limit, and the guest
/// chooses the number.
const MAX_FIELDS: usize = 64;
/// All header names and values of a response together, bytes.
const MAX_HEADERS: usize = 32 << 10;

/// A guest's response that passed every check.
#[derive(Clone, Debug)]
pub struct CheckedResponse {
    /// 200 to 599.
    pub status: StatusCode,
    /// Without fields that the host sets.
    pub headers: HeaderMap,
    /// At most the BFF's limit.
    pub body: Bytes,
}

/// Checks a guest's answer.
///
/// # Errors
///
/// The first rule that it breaks.
pub fn check(response: Response, max_size: usize) -> Result<CheckedResponse, BffError> {
    let illegal = |why: String| BffError::IllegalResponse(why);
    let status = match response.status {
        status @ 200..=599 => {
            StatusCode::from_u16(status).map_err(|_| illegal(format!("status {status}")))?
        }
        status => return Err(illegal(format!("status {status} is not within 200 to 599"))),
    };
    let is_text = matches!(response.body, Payload::Text(_));
    let mut headers = headers(&response.headers)?;
    let body = response.body.into_bytes();
    if body.len() > max_size {
        return Err(BffError::ResponseTooLarge {
            size: body.len(),
            limit: max_size,
        });
    }
    // RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5.
    if !body.is_empty()
        && matches!(
            status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        )
    {
        return Err(illegal(format!("a body with status {}", status.as_u16())));
    }
    if is_text && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
    }
    Ok(CheckedResponse {
        status,
        headers,
        body,
    })
}

fn headers(list: &[(String, String)]) -> Result<HeaderMap, BffError> {
    let mut map = HeaderMap::with_capacity(list.len().min(MAX_FIELDS));
    let mut size = 0;
    for (name, value) in list {
        let refuse = |why: &str| BffError::IllegalResponse(format!("header {:?} {why}", cut(name)));
        size += name.len() + value.len() + 4;
        if size > MAX_HEADERS {
            return Err(BffError::IllegalResponse(format!(
                "headers of more than {MAX_HEADERS} bytes"
            )));
        }
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse("is not a legal name"))?;
        match header_class(&header) {
            Class::Guests => {}
            Class::Hosts => continue,
            Class::Illegal(why) => return Err(refuse(why)),
        }
        let value = HeaderValue::from_str(value).map_err(|_| {
            refuse("has a value with a line break, a control or a non-ASCII character")
        })?;
        map.append(header, value);
    }
    Ok(map)
}

enum Class {
    /// Passed on.
    Guests,
    /// The host sets its own and ignores the guest's.
    Hosts,
    /// Refused.
    Illegal(&'static str),
}

fn header_class(name: &HeaderName) -> Class {
    match http_fields::class(name) {
        http_fields::Class::Connection => {
            Class::Illegal("is hop-by-hop; the host owns the connection")
        }
        http_fields::Class::Host => match name.as_str() {
            "content-length" => Class::Illegal("is set by the host, from the body"),
            "x-request-id" => Class::Hosts,
            _ => Class::Illegal("is the host's own"),
        },
        _ if *name == header::DATE => Class::Hosts,
        _ if commands_proxy(name.as_str()) => {
            Class::Illegal("makes a proxy in front send something else")
        }
        http_fields::Class::Credential | http_fields::Class::Free => Class::Guests,
    }
}

/// Fields by which a web server in front replaces an answer with a file or an internal location,
/// which no guest may reach.
fn commands_proxy(name: &str) -> bool {
    let families = ["x-accel-", "x-sendfile", "x-lighttpd-", "x-reproxy-"];
    families.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: Payload) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Response {
            status,
            headers,
            body,
        }
    }

    #[test]
    fn an_illegal_answer_is_refused() {
        for (status, headers, body) in [
            (0, &[][..], Payload::None),
            (101, &[], Payload::None),
            (199, &[], Payload::None),
            (600, &[], Payload::None),
            (u16::MAX, &[], Payload::None),
            (204, &[], Payload::Text("x".into())),
            (304, &[], Payload::Bytes(vec![0])),
            (200, &[("x-a", "b\r\nx-c: d")], Payload::None),
            (200, &[("x-a\r\nx-b", "c")], Payload::None),
            (200, &[("content-length", "1")], Payload::Text("xyz".into())),
            (200, &[("Transfer-Encoding", "chunked")], Payload::None),
            (200, &[("connection", "upgrade")], Payload::None),
            (200, &[("tailor-error", "none")], Payload::None),
            (200, &[("", "x")], Payload::None),
        ] {
            assert!(
                check(response(status, headers, body), 1000).is_err(),
                "{status} {headers:?} was let through"
            );
        }
    }

    #[test]
    fn very_many_fields_are_refused_and_do_no_harm() {
        let many = vec![("a", ""); 100_000];
        assert!(check(response(200, &many, Payload::None), 1000).is_err());
    }

    #[test]
    fn the_size_is_bounded_to_the_byte() {
        assert!(check(response(200, &[], Payload::Bytes(vec![0; 1000])), 1000).is_ok());
        let error = check(response(200, &[], Payload::Bytes(vec![0; 1001])), 1000).unwrap_err();
        assert!(matches!(
            error,
            BffError::ResponseTooLarge {
                size: 1001,
                limit: 1000
            }
        ));
    }

    #[test]
    fn text_is_json_unless_said_otherwise() {
        let typed = |headers: &[(&str, &str)], body| {
            let answer = check(response(200, headers, body), 10).unwrap();
            answer
                .headers
                .get("content-type")
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            typed(&[], Payload::Text("{}".into())).as_deref(),
            Some("application/json")
        );
        assert_eq!(
            typed(&[("Content-Type", "text/plain")], Payload::Text("x".into())).as_deref(),
            Some("text/plain")
        );
        assert_eq!(typed(&[], Payload::Bytes(vec![1])), None);
    }

    #[test]
    fn what_the_host_sets_is_not_taken_from_the_guest() {
        let answer = check(
            response(
                200,
                &[
                    ("x-request-id", "forged"),
                    ("date", "then"),
                    ("x-mine", "1"),
                ],
                Payload::None,
            ),
            1,
        );
        let headers = answer.unwrap().headers;
        assert_eq!(headers.len(), 1);
    }
}

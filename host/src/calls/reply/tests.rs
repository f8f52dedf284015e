use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn response(status: u16, body: impl Into<Bytes>) -> ServiceResponse {
    ServiceResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn made(response: ServiceResponse, select: &[&str]) -> Result<Reply, Cause> {
    let shape = Shape::of(&crate::config::Downstream::with_defaults("s"));
    let pointers: Vec<String> = select.iter().map(|&pointer| pointer.to_owned()).collect();
    let selection = (!select.is_empty()).then(|| Selection::parse(&pointers).unwrap());
    reply(&shape, response, selection.as_ref(), Source::Live)
}

#[test]
fn an_answer_without_a_document_selects_nothing() {
    for (status, body) in [
        (204, ""),
        (205, "x"),
        (200, ""),
        (202, ""),
        (200, "\u{feff}"),
    ] {
        let reply = made(response(status, body), &["/a", ""]).unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(reply.selected, [None, None], "{status} {body:?}");
        assert!(matches!(reply.body, Payload::None), "{status} {body:?}");
    }
    let reply = made(response(404, "no"), &["/a"]).unwrap();
    assert!(matches!(reply.body, Payload::Text(text) if text == "no"));
    // White space is no document, and no absence of one.
    let cause = made(response(200, " "), &["/a"]).unwrap_err();
    assert!(matches!(cause, Cause::Malformed { .. }), "{cause}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    let body = "\u{feff}{\"a\": 1}";
    let reply = made(response(200, body), &["/a"]).unwrap();
    assert_eq!(reply.selected, [Some("1".to_owned())]);
    let reply = made(response(200, body), &[]).unwrap();
    assert!(matches!(reply.body, Payload::Text(text) if text == "{\"a\": 1}"));
    assert!(matches!(
        made(response(200, "\u{feff}"), &[]).unwrap().body,
        Payload::None
    ));
    // A body that is not text stays as it is.
    let image = b"\xef\xbb\xbf\xff";
    let reply = made(response(200, &image[..]), &[]).unwrap();
    assert!(matches!(reply.body, Payload::Bytes(bytes) if bytes == image));
}

#[test]
fn values_of_fields_are_utf8() {
    let mut response = response(200, "");
    for (name, value) in [("x-city", "Zürich".as_bytes()), ("x-latin", b"Z\xfcrich")] {
        let value = HeaderValue::from_bytes(value).unwrap();
        response
            .headers
            .insert(HeaderName::from_static(name), value);
    }
    let headers = made(response, &[]).unwrap().headers;
    assert_eq!(headers, [("x-city".to_owned(), "Zürich".to_owned())]);
}

//! Answers whose bodies are coded.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, RANGE};
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::*;

const TEXT: &str = "a body, a body, and a body more";

/// A service that answers with this body, coded by `deflate`, and says what the path names.
fn coded_service(body: &[u8]) -> ScriptedService {
    let body = compress_to_vec_zlib(body, 6);
    service(move |request| {
        let (status, coding, length) = match request.target.as_str() {
            "/api/unknown" => (200, "compress", body.len()),
            "/api/part" => (206, "deflate", body.len()),
            "/api/short" => (200, "deflate", body.len() - 1),
            "/api/unchanged" => (304, "deflate", 0),
            _ => (200, "Deflate", body.len()),
        };
        Response::new(status)
            .header("content-encoding", coding)
            .header("etag", "\"1\"")
            .header("repr-digest", "sha-256=:AAAA:")
            .header("x-asked", &request.headers[ACCEPT_ENCODING])
            .header("x-connection", request.connection.to_string())
            .body(body[..length].to_vec())
    })
}

async fn ask_for(
    transport: &Transport,
    path: &str,
    method: Method,
) -> Result<ServiceResponse, Cause> {
    let mut request = ask(method);
    request.target = path.parse().unwrap();
    let bounds = Bounds {
        size: TEXT.len(),
        ..bounds()
    };
    attempt(transport, 0, &request, bounds, &Course::default())
        .await
        .result
}

#[tokio::test]
async fn a_coded_body_is_undone_and_nothing_tells_of_it() {
    let server = coded_service(TEXT.as_bytes());
    let transport = transport(&settings(&[server.address()]));
    for (path, method, body) in [
        ("/api/x", Method::GET, TEXT),
        ("/api/x", Method::HEAD, ""),
        ("/api/unchanged", Method::GET, ""),
    ] {
        let answer = ask_for(&transport, path, method).await.unwrap();
        assert_eq!(answer.body, body);
        for gone in ["content-encoding", "content-length", "repr-digest"] {
            assert!(!answer.headers.contains_key(gone), "{path}: {gone}");
        }
        assert_eq!(answer.headers[ETAG], "\"1\"");
        assert_eq!(answer.headers["x-asked"], "gzip");
        // The connection is kept.
        assert_eq!(answer.headers["x-connection"], "1");
    }
}

#[tokio::test]
async fn a_coding_that_is_not_known_stays() {
    let server = coded_service(b"x");
    let transport = transport(&settings(&[server.address()]));
    let answer = ask_for(&transport, "/api/unknown", Method::GET).await;
    let answer = answer.unwrap();
    assert_eq!(answer.body, compress_to_vec_zlib(b"x", 6));
    assert_eq!(answer.headers[CONTENT_ENCODING], "compress");
    assert_eq!(
        answer.headers[CONTENT_LENGTH],
        answer.body.len().to_string()
    );
}

#[tokio::test]
async fn what_cannot_be_undone_is_malformed_and_says_why() {
    let server = coded_service(TEXT.as_bytes());
    let transport = transport(&settings(&[server.address()]));
    for (path, why) in [("/api/short", "ends too early"), ("/api/part", "a part of")] {
        let error = ask_for(&transport, path, Method::GET).await.unwrap_err();
        assert!(matches!(error, Cause::Malformed { .. }), "{path}: {error}");
        let text = error.to_string();
        assert!(
            text.contains("content-encoding") && text.contains(why),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_body_has_its_limit_when_it_is_undone() {
    for (size, fits) in [
        (TEXT.len(), true),
        (TEXT.len() + 1, false),
        (1 << 20, false),
    ] {
        let server = coded_service(&vec![b'a'; size]);
        let transport = transport(&settings(&[server.address()]));
        match ask_for(&transport, "/api/x", Method::GET).await {
            Ok(answer) => assert!(fits && answer.body.len() == size),
            Err(error) => assert!(!fits && matches!(error, Cause::TooLarge { .. }), "{error}"),
        }
        // An unknown one does not bypass the limit.
        let result = ask_for(&transport, "/api/unknown", Method::GET).await;
        assert_eq!(result.is_ok(), size < 1 << 20);
    }
}

#[tokio::test]
async fn codings_are_asked_for_by_the_host_alone() {
    let server = coded_service(TEXT.as_bytes());
    let transport = transport(&settings(&[server.address()]));
    let mut request = ask(Method::GET);
    for (name, value, asked) in [
        (ACCEPT_ENCODING, "br", "gzip"),
        // A part of a coded body is unusable.
        (RANGE, "bytes=0-1", "identity"),
    ] {
        request
            .headers
            .insert(name, HeaderValue::from_static(value));
        let made = attempt(&transport, 0, &request, bounds(), &Course::default()).await;
        assert_eq!(made.result.unwrap().headers["x-asked"], asked);
    }
}

//! Trailers of answers, over HTTP/1.1 and HTTP/2.

use super::*;

/// The received answer: its own fields and those of its trailers.
fn fields(made: Made) -> (String, Vec<(String, String)>) {
    let answer = made.result.unwrap();
    let named = |name: &&str| answer.headers.contains_key(*name);
    let fields = ["grpc-status", "grpc-message", "x-end", "set-cookie", "etag"]
        .iter()
        .filter(|name| named(name))
        .map(|name| {
            let values = answer.headers.get_all(*name).iter();
            let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
            ((*name).to_owned(), values.join(" & "))
        })
        .collect();
    (String::from_utf8(answer.body.to_vec()).unwrap(), fields)
}

fn expected(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(owned).collect()
}

/// The protocol of the service.
fn both(service: &ScriptedService) -> [Transport; 2] {
    [Protocol::Http1, Protocol::Http2].map(|protocol| {
        let mut settings = settings(&[service.address()]);
        settings.protocol = protocol;
        transport(&settings)
    })
}

#[tokio::test]
async fn how_a_grpc_call_ended_is_passed_on_and_no_other_trailer() {
    let service = service(|_| {
        Response::text("ab")
            .chunked()
            .header("etag", "\"1\"")
            .trailer("etag", "\"2\"")
            .trailer("grpc-status", "14")
            .trailer("set-cookie", "a=b")
            .trailer("grpc-message", "down")
            .trailer("x-end", "1")
    });
    for transport in both(&service) {
        let (body, fields) = fields(get(&transport, 0).await);
        assert_eq!(body, "ab");
        let came = [
            ("grpc-status", "14"),
            ("grpc-message", "down"),
            ("etag", "\"1\""),
        ];
        assert_eq!(fields, expected(&came));
        assert_eq!(
            self::body(get(&transport, 0).await),
            "ab",
            "the connection is still good"
        );
    }
    assert_eq!(service.accepted(), 2);
}

#[tokio::test]
async fn a_trailer_does_not_change_what_the_head_says() {
    let service = service(|_| {
        let head = Response::text("ab").chunked().header("grpc-status", "0");
        head.trailer("grpc-status", "13")
    });
    for transport in both(&service) {
        let made = get(&transport, 0).await;
        assert_eq!(made.judgement, Judgement::Good);
        assert_eq!(fields(made).1, expected(&[("grpc-status", "0")]));
    }
}

#[tokio::test]
async fn trailers_that_are_passed_on_are_no_larger_than_a_head() {
    let service = service(|_| {
        let message = "x".repeat(9 << 10);
        Response::text("ab")
            .chunked()
            .trailer("grpc-message", message)
    });
    for mut settings in [Protocol::Http1, Protocol::Http2].map(|protocol| Downstream {
        protocol,
        ..settings(&[service.address()])
    }) {
        assert_eq!(self::body(get(&transport(&settings), 0).await), "ab");
        settings.max_header_size = 8 << 10;
        let error = get(&transport(&settings), 0).await.result.unwrap_err();
        // hyper counts those of HTTP/1.1, and says what is too large in its own way.
        let refused = match settings.protocol {
            Protocol::Http1 => matches!(error, Cause::Malformed { .. }),
            Protocol::Http2 => matches!(error, Cause::HeadTooLarge { limit: 8192 }),
        };
        assert!(refused, "{error}");
    }
}

#[tokio::test]
async fn a_grpc_failure_is_an_answer_and_no_fault_of_the_service() {
    let service = service(|_| {
        let head = Response::new(200).header("content-type", "application/grpc");
        head.header("grpc-status", "14")
    });
    for transport in both(&service) {
        let made = get(&transport, 0).await;
        assert_eq!(made.judgement, Judgement::Good);
        assert_eq!(fields(made).1, expected(&[("grpc-status", "14")]));
    }
}

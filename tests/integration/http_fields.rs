//! Which fields of a client reach a BFF, and which reach the services.

use downstream_mock::{Service, Services};
use tailor_harness::TestHost;

use crate::modules::{self, Part};
use crate::wire::{ClientResponse, Wire, get};

async fn echo() -> TestHost {
    let echo = modules::echo(Part::Path);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let builder = builder.unwrap().config(modules::ECHO);
    builder.start().await.unwrap()
}

/// What the BFF saw: the fields of its answer, without those that the host adds.
async fn seen(host: &TestHost, fields: &str) -> Vec<(String, String)> {
    let answer = Wire::ask(host.address(), &get("/echo", fields)).await;
    assert_eq!(answer.status, 200, "{fields:?}: {}", answer.body);
    let hosts = ["x-request-id", "content-length", "content-type", "date"];
    let mut seen = answer.headers;
    seen.retain(|(name, _)| !hosts.contains(&name.as_str()));
    seen
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn a_bff_sees_the_clients_own_fields() {
    let host = echo().await;
    let sent =
        "Accept: text/plain\r\nX-Client: watch\r\nx-two: 1\r\nx-two: 2\r\nif-none-match: \"a\"\r\n";
    let expected = [
        ("accept", "text/plain"),
        ("x-client", "watch"),
        ("x-two", "1"),
        ("x-two", "2"),
        ("if-none-match", "\"a\""),
    ];
    assert_eq!(seen(&host, sent).await, pairs(&expected));
}

#[tokio::test]
async fn a_bff_sees_nothing_forged_nothing_secret_and_nothing_of_the_connection() {
    let host = echo().await;
    for field in [
        "x-forwarded-for: 10.0.0.1",
        "X-Forwarded-Host: evil.test",
        "x-forwarded-anything: 1",
        "forwarded: for=10.0.0.1",
        "x-real-ip: 10.0.0.1",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate: a=b",
        "tailor-error: bff-trap",
        "tailor-time-left-ms: 1",
        "cookie: session=secret",
        "Authorization: Bearer secret",
        "proxy-authorization: Basic secret",
        "te: trailers",
        "trailer: x",
        "keep-alive: timeout=5",
        "proxy-connection: keep-alive",
        "connection: keep-alive",
    ] {
        let sent = format!("{field}\r\naccept: */*\r\n");
        let expected = pairs(&[("accept", "*/*")]);
        assert_eq!(seen(&host, &sent).await, expected, "{field}");
    }
    let named = "connection: x-secret, Keep-Alive\r\nx-secret: 1\r\nx-Secret: 2\r\naccept: */*\r\n";
    assert_eq!(seen(&host, named).await, pairs(&[("accept", "*/*")]));
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_well_formed() {
    let host = echo().await;
    let ask = async |fields: &str| -> ClientResponse {
        let answer = Wire::ask(host.address(), &get("/echo", fields)).await;
        assert_eq!(answer.status, 200, "{fields:?}");
        answer
    };
    let longest = "a".repeat(64);
    for id in ["a", "Req_1.2-3", &longest] {
        let answer = ask(&format!("X-Request-Id: {id}\r\n")).await;
        assert_eq!(answer.header("x-request-id"), id);
    }
    let mut made = Vec::new();
    for fields in [
        String::new(),
        "x-request-id: \r\n".to_owned(),
        "x-request-id: a b\r\n".to_owned(),
        "x-request-id: a/b\r\n".to_owned(),
        "x-request-id: <script>\r\n".to_owned(),
        format!("x-request-id: {longest}a\r\n"),
        "x-request-id: a\r\nx-request-id: b\r\n".to_owned(),
    ] {
        let id = ask(&fields).await.header("x-request-id").to_owned();
        let hex = id
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        assert!(id.len() == 32 && hex, "{fields:?}: {id}");
        made.push(id);
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 7, "each request has an id of its own");
}

#[tokio::test]
async fn services_get_the_hosts_fields_and_not_the_clients() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    let fields = "x-request-id: one\r\n\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
        tracestate: vendor=1\r\n\
        authorization: Bearer secret\r\ncookie: session=secret\r\nx-forwarded-for: 10.0.0.1\r\n\
        x-client: watch\r\ntailor-time-left-ms: 999999999\r\nuser-agent: evil\r\n";
    let target = "/watch/ada?date=2026-01-15";
    let answer = Wire::ask(host.address(), &get(target, fields)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for (service, path) in [
        (Service::Activity, "/users/ada/days/2026-01-15"),
        (Service::Heart, "/users/ada/days/2026-01-15"),
        (Service::Sleep, "/users/ada/nights/2026-01-15"),
    ] {
        let requests = services.wait_for_requests(service, 1).await;
        let [request] = &requests[..] else {
            panic!("{} requests", requests.len());
        };
        assert_eq!(request.path_and_query(), path);
        let mut names: Vec<&str> = request
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        names.sort_unstable();
        // The BFF sets `accept` itself.
        names.retain(|name| *name != "accept");
        assert_eq!(
            names,
            [
                "accept-encoding",
                "host",
                "tailor-time-left-ms",
                "traceparent",
                "tracestate",
                "user-agent",
                "x-request-id"
            ]
        );
        let field = |name| request.header(name).unwrap_or_default();
        assert_eq!(field("host"), services.addr(service).to_string());
        assert_eq!(field("x-request-id"), "one");
        assert_eq!(
            field("user-agent"),
            concat!("tailor/", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(field("tracestate"), "vendor=1");
        let trace = field("traceparent");
        assert!(
            trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"),
            "{trace}"
        );
        assert!(
            !trace.contains("b7ad6b7169203331"),
            "a span of the host's own: {trace}"
        );
        let left: u64 = field("tailor-time-left-ms").parse().unwrap();
        assert!(
            left < 60_000,
            "the watch has a minute, of which {left} ms are left"
        );
    }
}

#[tokio::test]
async fn a_service_gets_the_clients_fields_that_its_settings_name() {
    let services = Services::start().unwrap();
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let mut text = String::new();
    for (name, url) in services.urls() {
        text.push_str(&format!(
            "[downstream.{name}]\nurl = \"{url}\"\n{}\n",
            modules::PATIENT
        ));
        if name == "heart" {
            text.push_str("pass-headers = [\"authorization\", \"accept-language\"]\n");
        }
    }
    text.push_str(
        "[bff.watch]\ncomponent = \"watch.wasm\"\ndownstreams = [\"activity\", \"heart\", \"sleep\"]\n\
         deadline = \"1m\"\n[[route]]\nbff = \"watch\"\n",
    );
    let host = builder.config(&text).start().await.unwrap();
    let fields = "authorization: Bearer one\r\naccept-language: en\r\naccept-language: de\r\ncookie: a=b\r\n\
         connection: accept-language\r\n";
    let both = fields.replace("connection: accept-language\r\n", "");
    for fields in [fields, &both] {
        let answer = Wire::ask(host.address(), &get("/ada?date=2026-01-15", fields)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let values = |service, index: usize, name: &str| -> Vec<String> {
        let request = &services.requests(service)[index];
        let values = request.headers.get_all(name).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    };
    services.wait_for_requests(Service::Heart, 2).await;
    services.wait_for_requests(Service::Activity, 2).await;
    for index in [0, 1] {
        assert_eq!(
            values(Service::Heart, index, "authorization"),
            ["Bearer one"]
        );
        assert!(values(Service::Heart, index, "cookie").is_empty());
        assert!(values(Service::Activity, index, "authorization").is_empty());
        assert!(values(Service::Activity, index, "accept-language").is_empty());
    }
    // What `connection` names is for this connection alone, whatever the settings say.
    assert!(values(Service::Heart, 0, "accept-language").is_empty());
    assert_eq!(values(Service::Heart, 1, "accept-language"), ["en", "de"]);
}

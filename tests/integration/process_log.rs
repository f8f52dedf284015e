//! The log of the program: exactly one line a request, and nothing personal in any of them.

use std::time::Duration;

use downstream_mock::{Fault, Garbling, Service, Services};
use serde_json::Value;
use tailor_harness::{Files, Process, TestHost, TestHostBuilder};

use crate::wire::{Gate, HELD, Wire, beside, get};
use crate::{modules, smoke};

fn serve(builder: TestHostBuilder) -> (Process, Files) {
    let (path, dir) = builder.write().unwrap();
    (Process::serve(&path).unwrap(), dir)
}

fn access_of(id: &str) -> impl Fn(&Value) -> bool {
    move |line| line["target"] == "access" && line["request_id"] == id
}

#[tokio::test]
async fn each_request_has_one_line() {
    let services = Services::start().unwrap();
    let (process, _dir) = serve(modules::examples(&services, "log.format = \"json\""));
    let address = process.address().unwrap();
    let requests = [
        ("GET", "/watch/ada?date=2026-01-15", 200, "2xx"),
        ("HEAD", "/watch/ada?date=2026-01-15", 200, "2xx"),
        ("OPTIONS", "/watch/ada", 204, "2xx"),
        ("GET", "/watch/ada?date=x", 400, "4xx"),
        ("GET", "/watch/nobody", 404, "4xx"),
        ("POST", "/watch/ada", 405, "method-not-allowed"),
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/watch//ada", 400, "bad-request"),
        ("BREW", "/watch/ada", 501, "not-implemented"),
        ("GET", "/partner/v1/openapi.json", 200, "2xx"),
    ];
    // On one connection, which HEAD would confuse, and on one each.
    let mut kept = Wire::connect(address).await;
    for (number, (method, target, status, outcome)) in requests.into_iter().enumerate() {
        let id = format!("one-{number}");
        let request =
            format!("{method} {target} HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\n\r\n");
        kept.send(&request).await;
        let head = kept.head().await;
        assert_eq!(head.status, status, "{method} {target}");
        if method != "HEAD" {
            kept.body(&head).await;
        }
        let line = process.wait_for(access_of(&id)).unwrap();
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["outcome"], outcome, "{line}");
        assert_eq!(line["method"], method, "{line}");
        assert_eq!(line["protocol"], "HTTP/1.1", "{line}");
        assert!(line["duration_us"].is_u64(), "{line}");
        let length: u64 = head.header("content-length").parse().unwrap_or(0);
        let sent = if method == "HEAD" { 0 } else { length };
        assert_eq!(line["bytes_out"], sent, "{line}");
        // The log has the route, not the path.
        let routed = target.starts_with("/watch/a") || target.starts_with("/watch/n");
        if routed && !matches!(method, "OPTIONS" | "POST" | "BREW") {
            assert_eq!(
                (&line["bff"], &line["route"]),
                (&"watch".into(), &"/watch".into())
            );
            assert_eq!(line["version"].as_str().unwrap().len(), 12, "{line}");
            assert!(
                line["guest_cpu_us"].is_u64() && line["guest_memory"].is_u64(),
                "{line}"
            );
        }
    }
    let log = process.log();
    for number in 0..requests.len() {
        let count = log
            .iter()
            .filter(|line| access_of(&format!("one-{number}"))(line))
            .count();
        assert_eq!(count, 1, "one-{number}");
    }
    assert_eq!(log.len(), process.lines().len(), "each line is one of JSON");
}

#[tokio::test]
async fn a_client_that_hung_up_has_its_line() {
    let gate = Gate::start().await;
    let builder = TestHost::builder().unwrap().example("watch").unwrap();
    let builder = builder
        .config("log.format = \"json\"")
        .config(&gate.watch());
    let (path, _dir) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();

    // In the middle of the BFF's work, over both protocols, and in the middle of the request's own
    // body.
    let mut client = Wire::connect(address).await;
    client.send(&get(HELD, "x-request-id: gone-1\r\n")).await;
    let mut call = gate.call().await;
    drop(client);
    assert_eq!(
        call.rest().await,
        "",
        "the guest's call ends with its client"
    );

    let executor = hyper_util::rt::TokioExecutor::new();
    let http2 = hyper_util::client::legacy::Client::builder(executor)
        .http2_only(true)
        .build_http::<http_body_util::Full<bytes::Bytes>>();
    let uri = format!("http://{address}{HELD}");
    let request = http::Request::get(uri).header("x-request-id", "gone-2");
    let request = request.body(http_body_util::Full::default()).unwrap();
    let running = beside(http2.request(request));
    let mut call = gate.call().await;
    running.abort();
    assert_eq!(call.rest().await, "");

    let mut client = Wire::connect(address).await;
    client
        .send(&get(HELD, "x-request-id: gone-3\r\ncontent-length: 5\r\n"))
        .await;
    client.send("hel").await;
    drop(client);

    for id in ["gone-1", "gone-2", "gone-3"] {
        let line = process.wait_for(access_of(id)).unwrap();
        assert_eq!(
            (&line["status"], &line["outcome"]),
            (&499.into(), &"client-gone".into())
        );
        assert_eq!(line["bff"], "watch");
    }
    let log = process.log();
    let lines = log.iter().filter(|line| line["target"] == "access");
    assert_eq!(lines.count(), 3);
}

#[tokio::test]
async fn the_access_log_can_be_switched_off() {
    let services = Services::start().unwrap();
    let first = "log.format = \"json\"\nlog.access = false";
    let (mut process, _dir) = serve(modules::examples(&services, first));
    let address = process.address().unwrap();
    assert_eq!(Wire::ask(address, &get("/watch/ada", "")).await.status, 200);
    process.signal("TERM").unwrap();
    process.wait().unwrap();
    process
        .wait_for(|line| line["message"] == "stopped")
        .unwrap();
    let log = process.log();
    assert!(
        !log.iter().any(|line| line["target"] == "access"),
        "{log:?}"
    );
}

/// Texts that no line may have. Each is unique.
const PERSONAL: [&str; 7] = [
    "margaret",
    "zebulon",
    "2026-01-15",
    "cookiesecret",
    "bearersecret",
    "headersecret",
    "bodysecret",
];

#[tokio::test]
async fn no_line_holds_anything_personal() {
    let services = Services::start().unwrap();
    // Everything that this program says itself; what its libraries say below `info` is not for
    // production.
    let first = "log.format = \"json\"\n\
        log.level = \"info,tailor=trace,access=trace,guest=trace\"";
    // With short time limits, so that calls end in each way.
    let mut builder = TestHost::builder().unwrap().config(first);
    for name in ["watch", "dashboard", "partner", "phone"] {
        builder = builder.example(name).unwrap();
    }
    let builder = builder.services(&services, "").config(smoke::BFFS);
    let (mut process, _dir) = serve(builder);
    let address = process.address().unwrap();
    let fields = "cookie: a=cookiesecret\r\nauthorization: Bearer bearersecret\r\n\
        x-headersecret: headersecret\r\nx-request-id: private\r\n";
    let targets = [
        "/watch/margaret?date=2026-01-15",
        "/watch/zebulon?date=2026-01-15",
        "/watch/margaret?date=zebulon",
        "/watch/margaret/zebulon",
        "/watch//margaret",
        "/dashboard/margaret?date=2026-01-15&fields=zebulon",
        "/dashboard/margaret?date=2026-01-15",
        "/dashboard/zebulon?date=2026-01-15",
        "/partner/v1/users/margaret/summaries?from=2026-01-15&to=2026-01-15",
        "/partner/v1/users/zebulon/summaries?from=2026-01-15&to=2026-01-15",
        "/partner/v1/users/margaret/summaries?from=2026-01-15&zebulon=1",
        "/phone/margaret/feed?date=2026-01-15&days=1",
        "/phone/zebulon/feed?date=zebulon",
        "/margaret?zebulon",
    ];
    let faults = [
        None,
        Some(Fault::html()),
        Some(Fault::invalid_json(Garbling::Garbage)),
        Some(Fault::invalid_json(Garbling::Truncated)),
        Some(Fault::statuses([500; 200])),
        Some(Fault::reset()),
        Some(Fault::oversize(4 << 20)),
        Some(Fault::delay(Duration::from_millis(1500))),
        Some(Fault::refuse()),
    ];
    let mut count = 0;
    for fault in faults {
        if let Some(fault) = fault {
            for service in Service::ALL {
                services.set_fault(service, fault.clone()).await.unwrap();
            }
        }
        for target in targets {
            let answer = Wire::ask(address, &get(target, fields)).await;
            assert_eq!(answer.header("x-request-id"), "private");
            count += 1;
        }
    }
    let body = "bodysecret";
    let post = format!(
        "POST /watch/margaret HTTP/1.1\r\nhost: a\r\nx-request-id: private\r\n{fields}content-length: 10\r\n\r\n{body}"
    );
    Wire::ask(address, &post).await;
    let mut wire = Wire::connect(address).await;
    wire.send("GET /margaret?bearersecret HTTP/1.1\r\nnonsense bodysecret\r\n\r\n")
        .await;
    wire.rest().await;
    process.signal("TERM").unwrap();
    process.wait().unwrap();
    process
        .wait_for(|line| line["message"] == "stopped")
        .unwrap();

    let lines = process.lines();
    let seen = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert!(
        seen("\"target\":\"access\"") > count,
        "all of it was logged"
    );
    assert!(
        seen("\"target\":\"guest\"") > 0,
        "the guests said something"
    );
    for personal in PERSONAL {
        let found: Vec<&String> = lines
            .iter()
            .filter(|line| line.contains(personal))
            .collect();
        assert!(found.is_empty(), "{personal}: {:#?}", found.first());
    }
}

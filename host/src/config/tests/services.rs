//! The settings in force for services: defaults, and defaults that yield to what is written.

use http::{HeaderName, Method, StatusCode};

use super::maximal::endpoint;
use super::*;

fn service(settings: &str) -> Downstream {
    let text = format!("[downstream.x]\nurl = \"http://127.0.0.1\"\n{settings}");
    parse_with(&text).downstreams.remove("x").unwrap()
}

#[test]
fn a_service_gets_the_documented_defaults() {
    let config = parse_with("downstream.activity.url = \"http://127.0.0.1:9101/\"");
    let expected = Downstream {
        name: "activity".to_owned(),
        endpoints: vec![endpoint("127.0.0.1", 9101, "127.0.0.1:9101")],
        proxy: None,
        tls: None,
        protocol: Protocol::Http1,
        shape: Shape {
            path_prefix: String::new(),
            allow: None,
            headers: Vec::new(),
            query: Vec::new(),
            send_headers: None,
            receive_headers: None,
            pass_headers: Vec::new(),
        },
        policy: Policy {
            cache: Some(CacheTimes {
                ttl: None,
                negative_ttl: None,
                stale_while_revalidate: Duration::ZERO,
                stale_if_error: ms(60_000),
            }),
            coalesce: true,
            coalesce_pause: ms(10_000),
            breaker: Some(Breaker {
                window: ms(10_000),
                min_calls: 20,
                error_rate: 50,
                slow_rate: 100,
                slow_call: ms(2_000),
                open_for: ms(2_000),
                slow_start: ms(2_000),
            }),
            timeouts: Timeouts {
                connect: ms(250),
                first_byte: ms(1_000),
                between_bytes: ms(1_000),
                queue: ms(2_000),
                total: ms(2_000),
            },
            retry: Retry {
                max: 1,
                backoff: ms(20),
                max_backoff: ms(200),
                methods: vec![Method::GET],
                statuses: [502, 503, 504]
                    .map(|code| StatusCode::from_u16(code).unwrap())
                    .to_vec(),
                budget: 10,
                min_per_second: 2,
            },
            hedge: None,
        },
        rules: Vec::new(),
        reads: Vec::new(),
        cache: Some(Cache {
            max_size: 16 << 20,
            max_entry_size: 256 << 10,
            keep_set_cookie: false,
            tag_header: HeaderName::from_static("cache-tag"),
            writes: Vec::new(),
        }),
        bulkhead: Bulkhead {
            max_calls: 256,
            max_queued: 512,
            bff_share: 75,
            rate: None,
            max_retry_after: ms(10_000),
        },
        ejection: Ejection {
            failures: 5,
            error_rate: 50,
            min_calls: 20,
            time: ms(5_000),
            max_share: 50,
            panic_threshold: 50,
            slow_start: ms(5_000),
        },
        health: None,
        connections: Connections {
            idle_timeout: ms(30_000),
            max_age: ms(300_000),
            resolve_interval: ms(10_000),
            dns_servers: vec![],
            attempt_delay: ms(250),
            ping_interval: ms(10_000),
            ping_timeout: ms(5_000),
        },
        max_header_size: 32 << 10,
        max_interim_responses: 16,
        max_response_size: 2 << 20,
        accept_encoding: HeaderValue::from_static("br, zstd, gzip, deflate"),
        credentials: None,
        fallbacks: Vec::new(),
    };
    assert_eq!(config.downstreams["activity"], expected);
    assert_eq!(Downstream::with_defaults("activity").cache, expected.cache);
}

#[test]
fn a_socket_file_has_a_path_in_front_only_behind_a_second_colon() {
    let tls = |written: &str| written.starts_with("https:");
    for (written, prefix) in [
        ("unix:/run/users.sock", ""),
        ("http://unix:/run/users.sock", ""),
        ("http://unix:/run/users.sock:/", ""),
        ("unix:/run/users.sock:/api/v1/", "/api/v1"),
        ("https://unix:/run/users.sock:/api/v1", "/api/v1"),
    ] {
        let text = format!("[downstream.x]\nurl = \"{written}\"");
        let service = parse_with(&text).downstreams.remove("x").unwrap();
        let port = if tls(written) { 443 } else { 80 };
        let expected = Endpoint {
            socket: Some("/run/users.sock".into()),
            ..endpoint("localhost", port, "localhost")
        };
        assert_eq!(service.endpoints, [expected], "{written}");
        assert_eq!(service.shape.path_prefix, prefix, "{written}");
        assert_eq!(service.tls.is_some(), tls(written), "{written}");
    }
}

#[test]
fn defaults_of_a_service_give_way_to_what_is_written() {
    let hurried = service("timeout = \"200ms\"").policy;
    let timeouts = Timeouts {
        connect: ms(200),
        first_byte: ms(200),
        between_bytes: ms(200),
        queue: ms(200),
        total: ms(200),
    };
    assert_eq!(hurried.timeouts, timeouts);
    assert_eq!(hurried.breaker.unwrap().slow_call, ms(200));
    assert_eq!(
        service("first-byte-timeout = \"300ms\"")
            .policy
            .timeouts
            .between_bytes,
        ms(300)
    );
    let small = service("cache.max-size = \"64KiB\"").cache.unwrap();
    assert_eq!(small.max_entry_size, 64 << 10);
    let quick = service("retry.max-backoff = \"5ms\"").policy.retry;
    assert_eq!(quick.backoff, ms(5));
    let often = service("health = { path = \"/\", interval = \"300ms\" }");
    assert_eq!(often.health.unwrap().timeout, ms(300));
    let quick = service("timeout = \"2ms\"\nhedge.enabled = true");
    assert_eq!(quick.policy.hedge.unwrap().min_delay, ms(2));
}

#[test]
fn hedges_and_checks_that_are_asked_for_get_the_documented_defaults() {
    let asked = service("hedge.enabled = true\nhealth.path = \"/healthz\"");
    let hedge = Hedge {
        percentile: 95,
        min_delay: ms(5),
    };
    assert_eq!(asked.policy.hedge, Some(hedge));
    let health = Health {
        path: "/healthz".to_owned(),
        interval: ms(5_000),
        timeout: ms(1_000),
        unhealthy_after: 3,
        healthy_after: 2,
    };
    assert_eq!(asked.health, Some(health));
}

#[test]
fn a_list_that_is_empty_lets_nothing_through_and_no_list_all() {
    assert_eq!(service("").shape.send_headers, None);
    let none =
        service("send-headers = []\nreceive-headers = []\nretry.statuses = []\nretry.methods = []");
    assert_eq!(none.shape.send_headers, Some(Vec::new()));
    assert_eq!(none.shape.receive_headers, Some(Vec::new()));
    let retry = none.policy.retry;
    assert!(retry.statuses.is_empty() && retry.methods.is_empty());
}

#[test]
fn a_default_answer_may_have_no_content() {
    let nothing = service("[[downstream.x.default]]\ncall = \"* /**\"\nstatus = 204\nbody = \"\"");
    assert_eq!(nothing.fallbacks[0].status, StatusCode::NO_CONTENT);
}

#[test]
fn a_default_answer_is_at_most_a_mebibyte() {
    let folder = tempfile::tempdir().unwrap();
    let body = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    for (length, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let file = folder.path().join("body.json");
        std::fs::write(&file, body(length)).unwrap();
        let in_file = format!("body-file = {file:?}");
        let in_place = format!("body = '{}'", body(length));
        for written in [in_file, in_place] {
            let text = format!(
                "bff.watch.component = \"watch.component\"\nroute = [{{ bff = \"watch\" }}]\n\
                 [downstream.x]\nurl = \"http://127.0.0.1\"\n\
                 [[downstream.x.default]]\ncall = \"GET /\"\n{written}\n"
            );
            match parse_here(&text) {
                Ok(config) => {
                    assert!(fits);
                    assert_eq!(config.downstreams["x"].fallbacks[0].body.len(), length);
                }
                Err(error) => {
                    assert!(!fits, "{error}");
                    assert!(error.to_string().contains("more than 1MiB"), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_default_timeout_may_be_longer_than_a_deadline() {
    let config = parse_with(
        "downstream.activity.url = \"http://127.0.0.1\"
         bff.watch.downstreams = [\"activity\"]
         bff.watch.deadline = \"800ms\"",
    );
    let total = config.downstreams["activity"].policy.timeouts.total;
    assert!(total > config.bffs["watch"].deadline);
}

//! What is in force for services: by default, as written, and where a default gives way to what is written.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::*;

/// A pattern, given its segments.
pub(super) fn pattern(method: Option<Method>, segments: &str) -> CallPattern {
    let segment = |segment: &str| match segment {
        "*" => Segment::One,
        "**" => Segment::Rest,
        text => Segment::Text(text.to_owned()),
    };
    CallPattern {
        method,
        segments: segments.split(' ').map(segment).collect(),
    }
}

fn endpoint(host: &str, port: u16, authority: &'static str) -> Endpoint {
    Endpoint {
        host: host.to_owned(),
        port,
        authority: HeaderValue::from_static(authority),
    }
}

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
        cache: Some(Cache {
            max_size: 16 << 20,
            max_entry_size: 256 << 10,
            ttl: None,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: ms(60_000),
            tag_header: HeaderName::from_static("cache-tag"),
        }),
        coalesce: true,
        bulkhead: Bulkhead {
            max_calls: 256,
            max_queued: 512,
            queue_timeout: ms(2_000),
            bff_share: 75,
        },
        breaker: Some(Breaker {
            window: ms(10_000),
            min_calls: 20,
            error_rate: 50,
            slow_rate: 100,
            slow_call: ms(2_000),
            open_for: ms(2_000),
        }),
        timeouts: Timeouts {
            connect: ms(250),
            first_byte: ms(1_000),
            between_bytes: ms(1_000),
            total: ms(2_000),
        },
        retry: Retry {
            max: 1,
            backoff: ms(20),
            max_backoff: ms(200),
            statuses: [502, 503, 504]
                .map(|code| StatusCode::from_u16(code).unwrap())
                .to_vec(),
            budget: 10,
        },
        hedge: None,
        ejection: Ejection {
            failures: 5,
            time: ms(5_000),
            max_share: 50,
        },
        health: None,
        connections: Connections {
            idle_timeout: ms(30_000),
            max_age: ms(300_000),
            resolve_interval: ms(10_000),
        },
        max_response_size: 2 << 20,
        credentials: None,
        fallbacks: Vec::new(),
    };
    assert_eq!(config.downstreams["activity"], expected);
    assert_eq!(Downstream::with_defaults("activity").cache, expected.cache);
}

#[test]
fn a_maximal_service_is_read_key_by_key() {
    let config = load_golden("maximal").unwrap_or_else(|error| panic!("{error}"));
    let activity = Downstream {
        name: "activity".to_owned(),
        endpoints: vec![
            endpoint("a.activity.internal", 9101, "a.activity.internal:9101"),
            endpoint("b.activity.internal", 443, "b.activity.internal"),
        ],
        tls: Some(Tls {
            ca_file: Some(golden().join("ca.pem")),
            client: Some((golden().join("client.pem"), golden().join("client.key"))),
            server_name: Some("activity.example.com".to_owned()),
        }),
        protocol: Protocol::Http2,
        shape: Shape {
            path_prefix: "/api/v1".to_owned(),
            allow: Some(vec![
                pattern(Some(Method::GET), "users * days **"),
                pattern(None, "admin reset"),
                pattern(Some(Method::POST), ""),
            ]),
            headers: vec![
                header("x-tenant", "fitness"),
                header("accept", "application/json"),
            ],
            query: [("api version", "2"), ("lang", "")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            send_headers: Some(vec![http::header::IF_NONE_MATCH]),
            receive_headers: Some(vec![
                http::header::CONTENT_TYPE,
                http::header::ETAG,
                http::header::CONTENT_LENGTH,
            ]),
            pass_headers: vec![http::header::ACCEPT_LANGUAGE, http::header::AUTHORIZATION],
        },
        cache: Some(Cache {
            max_size: 64 << 20,
            max_entry_size: 1 << 20,
            ttl: Some(ms(30_000)),
            stale_while_revalidate: ms(10_000),
            stale_if_error: Duration::ZERO,
            tag_header: HeaderName::from_static("surrogate-key"),
        }),
        coalesce: false,
        bulkhead: Bulkhead {
            max_calls: 8,
            max_queued: 0,
            queue_timeout: ms(150),
            bff_share: 100,
        },
        breaker: Some(Breaker {
            window: ms(30_000),
            min_calls: 50,
            error_rate: 25,
            slow_rate: 80,
            slow_call: ms(500),
            open_for: ms(10_000),
        }),
        timeouts: Timeouts {
            connect: ms(100),
            first_byte: ms(300),
            between_bytes: ms(200),
            total: ms(600),
        },
        retry: Retry {
            max: 3,
            backoff: ms(10),
            max_backoff: ms(100),
            statuses: vec![
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::TOO_MANY_REQUESTS,
            ],
            budget: 20,
        },
        hedge: Some(Hedge {
            percentile: 99,
            min_delay: ms(50),
        }),
        ejection: Ejection {
            failures: 3,
            time: ms(10_000),
            max_share: 34,
        },
        health: Some(Health {
            path: "/healthz?deep=1".to_owned(),
            interval: ms(2_000),
            timeout: ms(500),
            unhealthy_after: 2,
            healthy_after: 1,
        }),
        connections: Connections {
            idle_timeout: ms(3_600_000),
            max_age: ms(1_800_000),
            resolve_interval: ms(60_000),
        },
        max_response_size: 512 << 10,
        credentials: Some(Credentials::Header {
            name: HeaderName::from_static("x-api-key"),
            prefix: "",
            secret: Secret::File(golden().join("secret")),
        }),
        fallbacks: vec![
            Fallback {
                pattern: pattern(Some(Method::GET), "users * days **"),
                status: StatusCode::NON_AUTHORITATIVE_INFORMATION,
                content_type: HeaderValue::from_static("application/vnd.days+json; charset=utf-8"),
                body: Bytes::from_static(b"[]"),
            },
            Fallback {
                pattern: pattern(None, "**"),
                status: StatusCode::OK,
                content_type: HeaderValue::from_static("text/plain"),
                body: Bytes::from_static(b"open sesame\n"),
            },
        ],
    };
    assert_eq!(config.downstreams["activity"], activity);
}

#[test]
fn the_other_services_of_the_maximal_file_have_what_excludes_each_other() {
    let config = load_golden("maximal").unwrap_or_else(|error| panic!("{error}"));
    let heart = &config.downstreams["heart"];
    assert_eq!(heart.endpoints, [endpoint("::1", 80, "[::1]")]);
    assert_eq!(
        (&heart.cache, &heart.breaker, &heart.tls),
        (&None, &None, &None)
    );
    let plain_tls = Tls {
        ca_file: None,
        client: None,
        server_name: None,
    };
    assert_eq!(config.downstreams["sleep"].tls, Some(plain_tls));

    let credentials = |name: &str| config.downstreams[name].credentials.clone().unwrap();
    let authorization = |prefix, secret| Credentials::Header {
        name: http::header::AUTHORIZATION,
        prefix,
        secret,
    };
    let in_file = || Secret::File(golden().join("secret"));
    let in_env = || Secret::Env("PATH".to_owned());
    assert_eq!(credentials("heart"), authorization("Bearer ", in_env()));
    assert_eq!(credentials("sleep"), authorization("Bearer ", in_file()));
    assert_eq!(credentials("goals"), authorization("", in_env()));
    let profile = Credentials::OAuth2 {
        token_url: "https://id.example.com/oauth2/token".to_owned(),
        client_id: "tailor host".to_owned(),
        client_secret: in_file(),
        scopes: vec!["profile.read".to_owned(), "urn:x/y".to_owned()],
        ca_file: Some(golden().join("ca.pem")),
    };
    assert_eq!(credentials("profile"), profile);
    let billing = Credentials::OAuth2 {
        token_url: "http://127.0.0.1:9200/token".to_owned(),
        client_id: "tailor".to_owned(),
        client_secret: in_env(),
        scopes: Vec::new(),
        ca_file: None,
    };
    assert_eq!(credentials("billing"), billing);
}

#[test]
fn profiles_hold_what_is_written_and_nothing_else() {
    let config = load_golden("maximal").unwrap_or_else(|error| panic!("{error}"));
    let fast = Profile {
        timeout: Some(ms(200)),
        first_byte_timeout: Some(ms(150)),
        queue_timeout: Some(ms(50)),
        retries: Some(0),
        hedge: Some(true),
        optional: Some(true),
    };
    let expected = [("fast", fast), ("plain", Profile::default())];
    assert_eq!(
        config.profiles,
        BTreeMap::from(expected.map(|(name, profile)| (name.to_owned(), profile)))
    );
}

#[test]
fn defaults_of_a_service_give_way_to_what_is_written() {
    let hurried = service("timeout = \"200ms\"");
    let timeouts = Timeouts {
        connect: ms(200),
        first_byte: ms(200),
        between_bytes: ms(200),
        total: ms(200),
    };
    assert_eq!(hurried.timeouts, timeouts);
    assert_eq!(hurried.bulkhead.queue_timeout, ms(200));
    assert_eq!(hurried.breaker.unwrap().slow_call, ms(200));
    assert_eq!(
        service("first-byte-timeout = \"300ms\"")
            .timeouts
            .between_bytes,
        ms(300)
    );
    let small = service("cache.max-size = \"64KiB\"").cache.unwrap();
    assert_eq!(small.max_entry_size, 64 << 10);
    assert_eq!(service("retry.max-backoff = \"5ms\"").retry.backoff, ms(5));
    let often = service("health = { path = \"/\", interval = \"300ms\" }");
    assert_eq!(often.health.unwrap().timeout, ms(300));
    let quick = service("timeout = \"2ms\"\nhedge.enabled = true");
    assert_eq!(quick.hedge.unwrap().min_delay, ms(2));
}

#[test]
fn hedges_and_checks_that_are_asked_for_get_the_documented_defaults() {
    let asked = service("hedge.enabled = true\nhealth.path = \"/healthz\"");
    let hedge = Hedge {
        percentile: 95,
        min_delay: ms(5),
    };
    assert_eq!(asked.hedge, Some(hedge));
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
    let none = service("send-headers = []\nreceive-headers = []\nretry.statuses = []");
    assert_eq!(none.shape.send_headers, Some(Vec::new()));
    assert_eq!(none.shape.receive_headers, Some(Vec::new()));
    assert!(none.retry.statuses.is_empty());
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
    let total = config.downstreams["activity"].timeouts.total;
    assert!(total > config.bffs["watch"].deadline);
}

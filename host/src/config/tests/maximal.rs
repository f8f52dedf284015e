//! The file with every key, read key by key: services, credentials and profiles.

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

pub(super) fn endpoint(host: &str, port: u16, authority: &'static str) -> Endpoint {
    Endpoint {
        host: host.to_owned(),
        port,
        socket: None,
        srv: false,
        authority: HeaderValue::from_static(authority),
    }
}

/// The rule for some calls of the maximal service.
fn rule() -> Rule {
    Rule {
        pattern: pattern(Some(Method::GET), "users * charts"),
        policy: Policy {
            cache: Some(CacheTimes {
                ttl: Some(ms(300_000)),
                negative_ttl: Some(ms(1_000)),
                stale_while_revalidate: ms(60_000),
                stale_if_error: ms(120_000),
            }),
            coalesce: true,
            coalesce_pause: ms(1_000),
            breaker: Some(Breaker {
                window: ms(20_000),
                min_calls: 5,
                error_rate: 90,
                slow_rate: 70,
                slow_call: ms(400),
                open_for: ms(5_000),
                slow_start: ms(1_000),
            }),
            timeouts: Timeouts {
                connect: ms(100),
                first_byte: ms(450),
                between_bytes: ms(250),
                queue: ms(50),
                total: ms(700),
            },
            retry: Retry {
                max: 0,
                backoff: ms(30),
                max_backoff: ms(40),
                methods: vec![Method::GET],
                statuses: vec![StatusCode::BAD_GATEWAY],
                budget: 20,
                min_per_second: 5,
            },
            hedge: Some(Hedge {
                percentile: 90,
                min_delay: ms(20),
            }),
        },
        own_breaker: true,
        own_hedge: true,
        rate: Some(Rate {
            count: 50,
            per: ms(1_000),
            burst: 3,
        }),
    }
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
        proxy: Some(Proxy {
            host: "proxy.internal".to_owned(),
            port: 3128,
            credentials: Some(Secret::File(golden().join("secret"))),
        }),
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
        policy: Policy {
            cache: Some(CacheTimes {
                ttl: Some(ms(30_000)),
                negative_ttl: Some(ms(5_000)),
                stale_while_revalidate: ms(10_000),
                stale_if_error: Duration::ZERO,
            }),
            coalesce: false,
            coalesce_pause: ms(30_000),
            breaker: Some(Breaker {
                window: ms(30_000),
                min_calls: 50,
                error_rate: 25,
                slow_rate: 80,
                slow_call: ms(500),
                open_for: ms(10_000),
                slow_start: Duration::ZERO,
            }),
            timeouts: Timeouts {
                connect: ms(100),
                first_byte: ms(300),
                between_bytes: ms(200),
                queue: ms(150),
                total: ms(600),
            },
            retry: Retry {
                max: 3,
                backoff: ms(10),
                max_backoff: ms(100),
                methods: vec![Method::GET, Method::PUT],
                statuses: vec![
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::TOO_MANY_REQUESTS,
                ],
                budget: 20,
                min_per_second: 5,
            },
            hedge: Some(Hedge {
                percentile: 99,
                min_delay: ms(50),
            }),
        },
        rules: vec![rule()],
        reads: vec![
            pattern(Some(Method::POST), "graphql"),
            pattern(Some(Method::POST), "search **"),
        ],
        cache: Some(Cache {
            max_size: 64 << 20,
            max_entry_size: 1 << 20,
            keep_set_cookie: true,
            tag_header: HeaderName::from_static("surrogate-key"),
            writes: vec![
                Write {
                    pattern: pattern(Some(Method::POST), "users * days"),
                    voids: ["users * summary", "users * charts **"]
                        .map(|path| pattern(None, path).segments)
                        .to_vec(),
                },
                Write {
                    pattern: pattern(None, "admin **"),
                    voids: vec![pattern(None, "**").segments],
                },
            ],
        }),
        bulkhead: Bulkhead {
            max_calls: 8,
            max_queued: 0,
            bff_share: 100,
            rate: Some(Rate {
                count: 3000,
                per: ms(60_000),
                burst: 20,
            }),
            max_retry_after: ms(30_000),
        },
        ejection: Ejection {
            failures: 3,
            error_rate: 30,
            min_calls: 10,
            time: ms(10_000),
            max_share: 34,
            panic_threshold: 25,
            slow_start: ms(30_000),
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
            dns_servers: vec![],
            attempt_delay: ms(100),
            ping_interval: ms(20_000),
            ping_timeout: ms(1_000),
        },
        max_header_size: 64 << 10,
        max_interim_responses: 2,
        max_response_size: 512 << 10,
        accept_encoding: HeaderValue::from_static("gzip, br"),
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
        (&heart.cache, &heart.policy.breaker, &heart.tls),
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
    let proxy = Proxy {
        host: "::1".to_owned(),
        port: 80,
        credentials: Some(in_env()),
    };
    assert_eq!(config.downstreams["goals"].proxy, Some(proxy));
    assert_eq!(credentials("heart"), authorization("Bearer ", in_env()));
    assert_eq!(credentials("sleep"), authorization("Bearer ", in_file()));
    assert_eq!(credentials("goals"), authorization("", in_env()));
    let profile = Credentials::OAuth2(OAuth2 {
        token_url: "https://id.example.com/oauth2/token".to_owned(),
        client_id: "tailor host".to_owned(),
        client_secret: in_file(),
        authentication: ClientAuthentication::Post,
        scopes: vec!["profile.read".to_owned(), "urn:x/y".to_owned()],
        audience: Some("https://profile.example.com".to_owned()),
        parameters: vec![("resource".to_owned(), "urn:profile".to_owned())],
        timeout: ms(3_000),
        ca_file: Some(golden().join("ca.pem")),
    });
    assert_eq!(credentials("profile"), profile);
    let billing = Credentials::OAuth2(OAuth2 {
        token_url: "http://127.0.0.1:9200/token".to_owned(),
        client_id: "tailor".to_owned(),
        client_secret: in_env(),
        authentication: ClientAuthentication::Basic,
        scopes: Vec::new(),
        audience: None,
        parameters: Vec::new(),
        timeout: ms(5_000),
        ca_file: None,
    });
    assert_eq!(credentials("billing"), billing);
    let at = &config.downstreams["billing"];
    let srv = Endpoint {
        srv: true,
        ..endpoint(
            "_http._tcp.billing.internal",
            80,
            "_http._tcp.billing.internal",
        )
    };
    assert_eq!(at.endpoints, [srv]);
    assert_eq!(at.shape.path_prefix, "/v1");
    let servers = ["127.0.0.1:5353", "[::1]:53"];
    assert_eq!(
        at.connections.dns_servers,
        servers.map(|it| it.parse().unwrap())
    );
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

pub(super) fn record() -> Record {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Record {
        enabled: true,
        keep: 3,
        keep_all: true,
        max_size: 64 << 10,
        max_total: 2 << 20,
        text_bodies: true,
        redact_headers: words(&["x-user"]),
        redact_query: words(&["token"]),
        redact: words(&["/user/email", "/days/*/place"]),
    }
}

pub(super) fn calls() -> Calls {
    Calls {
        max_in_flight: 1_000,
        optional_share: 60,
    }
}

pub(super) fn admin() -> Admin {
    Admin {
        listen: "[::1]:9001".parse().unwrap(),
        tls: Some(ListenerTls {
            cert: golden().join("client.pem"),
            key: golden().join("client.key"),
        }),
        tokens: true,
        hosts: vec!["tailor.internal".to_owned(), "tailor".to_owned()],
        max_connections: 32,
        health_connections: 4,
        header_timeout: ms(10_000),
        write_timeout: ms(8_000),
        health_timeout: ms(3_000),
    }
}

//! Answers that may not be passed on: illegal ones, and ones that are too large.

use downstream_mock::Services;
use serde_json::json;
use tailor_harness::Process;

use super::arena::{Arena, HostileBff, builder, expect_problem, get};
use super::wat::Wat;

#[tokio::test]
async fn an_illegal_response_is_not_passed_on() {
    let arena = Arena::start(&[HostileBff::guest("liar", "")]).await;
    let mut orders = Vec::new();
    for status in [0, 1, 99, 100, 101, 103, 199, 600, 1000, 65535] {
        orders.push(json!({ "status": status }));
    }
    for status in [204, 205, 304] {
        orders.push(json!({ "status": status, "body": "x" }));
    }
    for (name, value) in [
        ("x-a", "b\r\nset-cookie: stolen=1"),
        ("x-a", "b\nc"),
        ("x-a", "b\r\n\r\n<script>"),
        ("x-a\r\nset-cookie", "stolen=1"),
        ("x-a", "\0"),
        ("", "b"),
        ("x a", "b"),
        (":status", "200"),
        ("connection", "close"),
        ("Connection", "upgrade"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("te", "trailers"),
        ("trailer", "x-a"),
        ("upgrade", "websocket"),
        ("content-length", "1"),
        ("content-length", "4"),
        ("Content-Length", "1000"),
        ("tailor-error", "bff-trap"),
    ] {
        orders.push(json!({ "status": 200, "headers": [[name, value]], "body": "four" }));
    }
    orders.push(json!({
        "status": 200, "headers": vec![["x-large", "x".repeat(1000).as_str()]; 40], "body": "four",
    }));
    arena
        .beside_neighbour(async {
            for order in &orders {
                let reply = arena.order("liar", "/respond", order).await;
                assert_eq!(
                    (reply.status.as_u16(), reply.header("tailor-error")),
                    (502, "bff-illegal-response"),
                    "{order}"
                );
                expect_problem(&reply, "liar", 502, "bff-illegal-response");
                assert!(!reply.headers.contains_key("set-cookie"), "{order}");
            }
        })
        .await;
    assert_eq!(
        arena.counted("liar", "bff-illegal-response").await,
        orders.len() as u64
    );
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let settings = "limits.response-size = \"100KB\"\nlimits.hostcall-bytes = \"4MiB\"";
    let arena = Arena::start(&[HostileBff::guest("large", settings)]).await;
    let fits = json!({ "status": 200, "bytes": 100_000 });
    let reply = arena.order("large", "/respond", &fits).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 100_000));
    for bytes in [100_001, 3_000_000] {
        let over = json!({ "status": 200, "bytes": bytes });
        let order = arena.order("large", "/respond", &over);
        let reply = arena.beside_neighbour(order).await;
        expect_problem(&reply, "large", 502, "bff-response-too-large");
    }
    assert_eq!(arena.counted("large", "bff-response-too-large").await, 2);
}

#[tokio::test]
async fn text_that_is_none_does_not_cross() {
    let response = Wat {
        // A body of text, two bytes of it, at a place that holds none.
        handle: "(i32.store (i32.const 1036) (i32.const 1))
            (i32.store (i32.const 1040) (i32.const 2048)) (i32.store (i32.const 1044) (i32.const 2))",
        more: "(data (i32.const 2048) \"\\ff\\fe\")",
        ..Wat::default()
    };
    let log = Wat {
        handle: "(call $log (i32.const 1) (i32.const 2048) (i32.const 2) (i32.const 0) (i32.const 0))",
        ..response
    };
    let foes = [
        HostileBff::of("response", response.component(), ""),
        HostileBff::of("log", log.component(), ""),
    ];
    let arena = Arena::start(&foes).await;
    for HostileBff { name, .. } in &foes {
        arena.is_stopped(name, "/", 502, "bff-host-limit").await;
    }
}

/// A gigabyte, encoded in as few bytes as possible, in each argument of a guest.
fn gigabytes() -> [(&'static str, Wat<'static>, &'static str); 4] {
    // A thousand times the same megabyte: name and value of each item at 2 MiB and beyond.
    const SAME_MEGABYTE: &str = "(loop $next
        (i32.store (i32.add (i32.const 2097152) (local.get $i)) (i32.const 65536))
        (i32.store (i32.add (i32.const 2097156) (local.get $i)) (i32.const 1))
        (i32.store (i32.add (i32.const 2097160) (local.get $i)) (i32.const 65536))
        (i32.store (i32.add (i32.const 2097164) (local.get $i)) (i32.const 1000000))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 16000))))
        (memory.fill (i32.const 65536) (i32.const 120) (i32.const 1000000))";
    const ONE_LIST: &str = "(drop (memory.grow (i32.const 16400)))
        (i32.store (i32.const 1036) (i32.const 2))
        (i32.store (i32.const 1040) (i32.const 65536)) (i32.store (i32.const 1044) (i32.const 1073741824))";
    let headers = Wat {
        pages: 64,
        handle: const_format(&[
            SAME_MEGABYTE,
            "(i32.store (i32.const 1028) (i32.const 2097152)) (i32.store (i32.const 1032) (i32.const 1000))",
        ]),
        ..Wat::default()
    };
    let log = Wat {
        handle: const_format(&[
            SAME_MEGABYTE,
            "(call $log (i32.const 1) (i32.const 65536) (i32.const 9) (i32.const 2097152) (i32.const 1000))",
        ]),
        ..headers
    };
    let list = Wat {
        handle: ONE_LIST,
        ..Wat::default()
    };
    [
        ("list", list, "bff-host-limit"),
        ("refused", list, "bff-memory-limit"),
        ("headers", headers, "bff-host-limit"),
        ("log", log, "bff-host-limit"),
    ]
}

fn const_format(parts: &[&str]) -> &'static str {
    parts.concat().leak()
}

#[tokio::test]
async fn a_gigabyte_costs_the_host_no_memory() {
    let gigabytes = gigabytes();
    let foes: Vec<_> = gigabytes
        .iter()
        .map(|(name, wat, _)| {
            let settings = if *name == "refused" {
                ""
            } else {
                "deadline = \"30s\"\nlimits.memory = \"2GiB\"\nlimits.cpu = \"20s\""
            };
            HostileBff::of(name, wat.component(), settings)
        })
        .collect();
    // A process of its own: its peak of memory is its own.
    let services = Services::start().unwrap();
    let (config, _dir) = builder(&services, &foes, "2s")
        .config("[log]\nformat = \"json\"")
        .write()
        .unwrap();
    let host = Process::serve(&config).unwrap();
    let address = host.address().unwrap();
    let neighbour = "/watch/ada?date=2026-01-15";
    let expected = get(address, neighbour).await.1;
    let before = host.peak_memory().unwrap();
    for (name, _, code) in gigabytes {
        let (head, _) = get(address, &format!("/{name}")).await;
        assert!(head.starts_with("HTTP/1.1 502"), "{name}: {head}");
        let expected = format!("tailor-error: {code}\r\n");
        assert!(head.contains(&expected), "{name}: {head}");
    }
    assert_eq!(get(address, neighbour).await.1, expected);
    let grown = host.peak_memory().unwrap() - before;
    assert!(grown < 100 << 20, "{grown} bytes more");
}

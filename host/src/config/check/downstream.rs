//! Services: their timeouts fit into each other and into the deadlines of the BFFs that may call them.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, StatusCode};

use super::{Bound, Context, DEADLINE};
use crate::config::raw::RawDownstream;
use crate::config::units::{ms, show_duration};
use crate::config::{
    Breaker, Bulkhead, Cache, Connections, Downstream, Ejection, Endpoint, Protocol, Retry, Shape,
    Timeouts,
};

const CONNECT: Duration = ms(250);
const FIRST_BYTE: Duration = ms(1_000);
/// A service may use all of the time that a BFF has unless one of the two says otherwise.
const TOTAL: Duration = DEADLINE;

pub(super) fn check(cx: &mut Context<'_>) -> BTreeMap<String, Downstream> {
    cx.file
        .downstreams
        .iter()
        .filter_map(|raw| Some((raw.name.clone(), one(raw, cx)?)))
        .collect()
}

/// `None` for a service without an address, which is reported already.
fn one(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Downstream> {
    let total = Bound::new(
        format!("downstream.{}.timeout", raw.name),
        &raw.timeout,
        TOTAL,
    );
    cx.check_within(&raw.connect_timeout, &total);
    cx.check_within(&raw.first_byte_timeout, &total);
    cx.check_distinct(&raw.pass_headers, Clone::clone);
    check_deadlines(raw, cx);

    let url = &raw.url.written()?.value;
    let timeout = raw.timeout.or(TOTAL);
    let first_byte = raw.first_byte_timeout.or(FIRST_BYTE.min(timeout));
    Some(Downstream {
        name: raw.name.clone(),
        endpoints: vec![Endpoint {
            host: url.host.clone(),
            port: url.port,
            authority: url.authority.clone(),
        }],
        tls: None,
        protocol: raw.protocol.or(Protocol::Http1),
        shape: Shape {
            path_prefix: url.path_prefix.clone(),
            allow: None,
            headers: Vec::new(),
            query: Vec::new(),
            send_headers: None,
            receive_headers: None,
            pass_headers: raw.pass_headers.values(),
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
            max_calls: raw.max_connections.or(256),
            max_queued: raw.max_waiting.or(512),
            queue_timeout: timeout,
            bff_share: 75,
        },
        breaker: Some(Breaker {
            window: ms(10_000),
            min_calls: 20,
            error_rate: 50,
            slow_rate: 100,
            slow_call: timeout,
            open_for: ms(2_000),
        }),
        timeouts: Timeouts {
            connect: raw.connect_timeout.or(CONNECT.min(timeout)),
            first_byte,
            between_bytes: first_byte,
            total: timeout,
        },
        retry: Retry {
            max: 1,
            backoff: ms(20),
            max_backoff: ms(200),
            statuses: vec![
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
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
            idle_timeout: raw.idle_timeout.or(ms(30_000)),
            max_age: ms(300_000),
            resolve_interval: ms(10_000),
        },
        max_response_size: raw.max_response_size.or(2 << 20),
        credentials: None,
        fallbacks: Vec::new(),
    })
}

/// Reports a written timeout that a request with a shorter deadline would never see pass.
fn check_deadlines(raw: &RawDownstream, cx: &mut Context<'_>) {
    let Some(timeout) = raw.timeout.written() else {
        return;
    };
    let shorter: Vec<String> = cx
        .file
        .bffs
        .iter()
        .filter(|bff| {
            bff.downstreams
                .items()
                .iter()
                .any(|grant| grant.value == raw.name)
        })
        .map(Bound::deadline)
        .filter(|deadline| deadline.limit.is_some_and(|limit| limit < timeout.value))
        .map(|deadline| deadline.to_string())
        .collect();
    if !shorter.is_empty() {
        let what = format!(
            "{} is longer than {}",
            show_duration(timeout.value),
            shorter.join(" and ")
        );
        let way_out =
            "lower it, raise the deadline, or leave it out: the deadline bounds every call";
        cx.report(timeout, what, way_out);
    }
}

//! Services: their timeouts fit into each other and into the deadlines of the BFFs that may call them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Bound, Context, DEADLINE};
use crate::config::raw::RawDownstream;
use crate::config::units::{ms, show_duration};
use crate::config::{Downstream, Protocol};

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
    Some(Downstream {
        name: raw.name.clone(),
        host: url.host.clone(),
        port: url.port,
        authority: url.authority.clone(),
        path_prefix: url.path_prefix.clone(),
        protocol: raw.protocol.or(Protocol::Http1),
        connect_timeout: raw.connect_timeout.or(CONNECT.min(timeout)),
        first_byte_timeout: raw.first_byte_timeout.or(FIRST_BYTE.min(timeout)),
        timeout,
        max_response_size: raw.max_response_size.or(2 << 20),
        max_connections: raw.max_connections.or(64),
        max_waiting: raw.max_waiting.or(256),
        idle_timeout: raw.idle_timeout.or(ms(30_000)),
        pass_headers: raw.pass_headers.values(),
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

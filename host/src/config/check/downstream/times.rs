//! The timeouts of a call: those of its parts fit into that of the whole, and that into the
//! deadlines of the BFFs.

use std::time::Duration;

use crate::config::Timeouts;
use crate::config::check::{Bound, Context, DEADLINE};
use crate::config::field::{Field, Located};
use crate::config::raw::{RawDownstream, RawPolicy};
use crate::config::units::{ms, show_duration};

const CONNECT: Duration = ms(250);
const FIRST_BYTE: Duration = ms(1_000);
/// By default, a service may use all of a BFF's time.
const TOTAL: Duration = DEADLINE;

/// The time of the whole call, which all other times have to fit into.
pub(super) fn total(service: &RawDownstream, raw: &RawPolicy) -> Bound {
    let key = format!("downstream.{}.timeout", service.name);
    Bound::new(key, &raw.timeout, TOTAL)
}

/// The timeouts of the calls of a service, or of one of its rules.
pub(super) fn check(service: &RawDownstream, raw: &RawPolicy, cx: &mut Context<'_>) -> Timeouts {
    let bound = total(service, raw);
    for part in [
        &raw.first_byte_timeout,
        &raw.between_bytes_timeout,
        &raw.queue_timeout,
    ] {
        cx.check_within(part, &bound);
    }
    if let Field::Written(timeout) = &raw.timeout {
        check_deadlines(service, timeout, cx);
    }
    let total = raw.timeout.or(TOTAL);
    let first_byte = raw.first_byte_timeout.or(FIRST_BYTE.min(total));
    Timeouts {
        // Connections are the service's: a rule cannot set this.
        connect: service.connect_timeout.or(CONNECT).min(total),
        first_byte,
        between_bytes: raw.between_bytes_timeout.or(first_byte),
        queue: raw.queue_timeout.or(total),
        total,
    }
}

/// Reports a timeout that is longer than the deadlines of all requests.
fn check_deadlines(service: &RawDownstream, timeout: &Located<Duration>, cx: &mut Context<'_>) {
    let shorter: Vec<String> = cx
        .file
        .bffs
        .iter()
        .filter(|bff| {
            bff.downstreams
                .items()
                .iter()
                .any(|grant| grant.value == service.name)
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

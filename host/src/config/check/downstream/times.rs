//! The timeouts of a call: those of its parts fit into that of the whole, and that into the deadlines of the BFFs.

use std::time::Duration;

use crate::config::Timeouts;
use crate::config::check::{Bound, Context, DEADLINE};
use crate::config::raw::RawDownstream;
use crate::config::units::{ms, show_duration};

const CONNECT: Duration = ms(250);
const FIRST_BYTE: Duration = ms(1_000);
/// A service may use all of the time that a BFF has unless one of the two says otherwise.
const TOTAL: Duration = DEADLINE;

/// The time of the whole call, which all other times have to fit into.
pub(super) fn total(raw: &RawDownstream) -> Bound {
    let key = format!("downstream.{}.timeout", raw.name);
    Bound::new(key, &raw.timeout, TOTAL)
}

pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) -> Timeouts {
    let bound = total(raw);
    for part in [
        &raw.connect_timeout,
        &raw.first_byte_timeout,
        &raw.between_bytes_timeout,
        &raw.queue_timeout,
    ] {
        cx.check_within(part, &bound);
    }
    check_deadlines(raw, cx);
    let total = raw.timeout.or(TOTAL);
    let first_byte = raw.first_byte_timeout.or(FIRST_BYTE.min(total));
    Timeouts {
        connect: raw.connect_timeout.or(CONNECT.min(total)),
        first_byte,
        between_bytes: raw.between_bytes_timeout.or(first_byte),
        total,
    }
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

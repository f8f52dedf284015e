//! What a request of a BFF, and all of its requests together, may use.

use std::time::Duration;

use super::{Bound, Context, DEADLINE};
use crate::config::field::Field;
use crate::config::raw::RawBff;
use crate::config::units::{ms, show_size};
use crate::config::{Engine, Limits};

const CPU: Duration = ms(100);
const CPU_WEIGHT: u32 = 100;
const CPU_WAIT: Duration = ms(1_000);
const QUEUE_TIMEOUT: Duration = ms(100);
const CALLS: u32 = 16;
const CONCURRENT_CALLS: usize = 8;
const RESPONSE_SIZE: usize = 1 << 20;
const HOSTCALL_BYTES: usize = 4 << 20;
/// The bytes of a response besides its body, when the limit of the guest's output follows from the
/// body's size.
const RESPONSE_HEAD: usize = 1 << 20;
/// As much as an answer may have where the operator sets nothing: none of these is streamed because
/// of its size.
const STREAMED_FROM: usize = 1 << 20;
const STREAM_AHEAD: usize = 32 << 10;
const CONCURRENCY: usize = 64;

pub(super) fn check(bff: &RawBff, engine: &Engine, cx: &mut Context<'_>) -> Limits {
    let raw = &bff.limits;
    let instances = engine.instances as usize;
    let deadline = Bound::deadline(bff);
    cx.check_within(&raw.cpu, &deadline);
    cx.check_within(&raw.cpu_wait, &deadline);
    cx.check_within(&raw.queue_timeout, &deadline);
    cx.check_within(&bff.answer_reserve, &deadline);
    check_concurrency(&raw.concurrency, instances, cx);
    check_concurrent_calls(&raw.concurrent_calls, raw.calls.settled(CALLS), cx);
    check_response_size(&raw.response_size, &raw.hostcall_bytes, cx);

    let deadline = bff.deadline.or(DEADLINE);
    let calls = raw.calls.or(CALLS);
    let hostcall_bytes = match &raw.response_size {
        Field::Written(at) => HOSTCALL_BYTES.max(at.value.saturating_add(RESPONSE_HEAD)),
        Field::Absent | Field::Bad => HOSTCALL_BYTES,
    };
    let hostcall_bytes = raw.hostcall_bytes.or(hostcall_bytes);
    Limits {
        memory: raw.memory.or(64 << 20),
        table_elements: raw.table_elements.or(20_000),
        cpu: raw.cpu.or(CPU.min(deadline)),
        cpu_weight: raw.cpu_weight.or(CPU_WEIGHT),
        cpu_wait: raw.cpu_wait.or(CPU_WAIT.min(deadline)),
        calls,
        concurrent_calls: raw
            .concurrent_calls
            .or(CONCURRENT_CALLS.min(calls as usize)),
        repeated_calls: raw.repeated_calls.or(8),
        downstream_bytes: raw.downstream_bytes.or(8 << 20),
        response_size: raw.response_size.or(RESPONSE_SIZE.min(hostcall_bytes)),
        streamed_from: raw.streamed_from.or(STREAMED_FROM),
        stream_ahead: raw.stream_ahead.or(STREAM_AHEAD),
        hostcall_bytes,
        handles: raw.handles.or(64),
        formatters: raw.formatters.or(64),
        log_lines: raw.log_lines.or(64),
        log_rate: raw.log_rate.or(1 << 20),
        concurrency: raw.concurrency.or(CONCURRENCY.min(instances)),
        queue: raw.queue.or(128),
        queue_timeout: raw.queue_timeout.or(QUEUE_TIMEOUT.min(deadline)),
    }
}

/// A request needs an instance, so more permits would only move the wait.
fn check_concurrency(concurrency: &Field<usize>, instances: usize, cx: &mut Context<'_>) {
    let Some(at) = concurrency.written().filter(|at| at.value > instances) else {
        return;
    };
    if matches!(cx.file.engine.instances, Field::Bad) {
        return;
    }
    let what = format!("{} is more than engine.instances ({instances})", at.value);
    cx.report(
        at,
        what,
        format!("write at most {instances}, or raise engine.instances"),
    );
}

fn check_concurrent_calls(concurrent: &Field<usize>, calls: Option<u32>, cx: &mut Context<'_>) {
    let (Some(at), Some(calls)) = (concurrent.written(), calls) else {
        return;
    };
    if at.value > calls as usize {
        let what = format!("{} is more than the calls of a request ({calls})", at.value);
        cx.report(at, what, format!("write at most {calls}, or raise calls"));
    }
}

/// A response leaves the guest like the arguments of a host function, and counts as one.
fn check_response_size(response: &Field<usize>, hostcall: &Field<usize>, cx: &mut Context<'_>) {
    let (Some(at), Some(hostcall)) = (response.written(), hostcall.written()) else {
        return;
    };
    if at.value > hostcall.value {
        let hostcall = show_size(hostcall.value as u64);
        let what = format!(
            "{} is more than hostcall-bytes ({hostcall}), which a response has to fit into",
            show_size(at.value as u64)
        );
        cx.report(
            at,
            what,
            "lower it, raise hostcall-bytes, or leave that out",
        );
    }
}

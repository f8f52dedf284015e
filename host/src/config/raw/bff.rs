//! The sections of a BFF.

use std::time::Duration;

use crate::config::CallPattern;
use crate::config::field::{Field, Headers, Located, NamedList};
use crate::config::problem::Location;
use crate::config::reader::Section;
use crate::config::signers::signer;
use crate::config::units::{GIB, KIB, count, duration, duration_or_zero, size};
use crate::config::values::{boolean, name, path, text};
use crate::config::wire::{call_pattern, header, target};
use crate::signature::Signer;

use super::canary::{RawCanary, canary};

pub(in crate::config) struct RawBff {
    pub(in crate::config) name: String,
    pub(in crate::config) place: Location,
    pub(in crate::config) component: Field<String>,
    pub(in crate::config) releases: Field<bool>,
    pub(in crate::config) signers: Field<Vec<Located<Signer>>>,
    pub(in crate::config) downstreams: Field<Vec<Located<String>>>,
    pub(in crate::config) allow: Field<Vec<NamedList<CallPattern>>>,
    pub(in crate::config) deadline: Field<Duration>,
    pub(in crate::config) answer_reserve: Field<Duration>,
    pub(in crate::config) degraded_max_age: Field<Duration>,
    pub(in crate::config) server_timing: Field<bool>,
    pub(in crate::config) config: Field<Vec<Located<(String, String)>>>,
    pub(in crate::config) limits: RawLimits,
    pub(in crate::config) smoke: Option<RawSmoke>,
    pub(in crate::config) canary: RawCanary,
}

pub(in crate::config) struct RawLimits {
    pub(in crate::config) memory: Field<usize>,
    pub(in crate::config) table_elements: Field<usize>,
    pub(in crate::config) cpu: Field<Duration>,
    pub(in crate::config) cpu_weight: Field<u32>,
    pub(in crate::config) cpu_wait: Field<Duration>,
    pub(in crate::config) calls: Field<u32>,
    pub(in crate::config) concurrent_calls: Field<usize>,
    pub(in crate::config) repeated_calls: Field<u32>,
    pub(in crate::config) downstream_bytes: Field<usize>,
    pub(in crate::config) response_size: Field<usize>,
    pub(in crate::config) streamed_from: Field<usize>,
    pub(in crate::config) stream_ahead: Field<usize>,
    pub(in crate::config) hostcall_bytes: Field<usize>,
    pub(in crate::config) handles: Field<usize>,
    pub(in crate::config) formatters: Field<usize>,
    pub(in crate::config) log_lines: Field<u32>,
    pub(in crate::config) log_rate: Field<usize>,
    pub(in crate::config) concurrency: Field<usize>,
    pub(in crate::config) queue: Field<usize>,
    pub(in crate::config) queue_timeout: Field<Duration>,
}

pub(in crate::config) struct RawSmoke {
    pub(in crate::config) place: Location,
    pub(in crate::config) path: Field<String>,
    pub(in crate::config) headers: Field<Headers>,
    pub(in crate::config) status: Field<u16>,
    pub(in crate::config) fixture: Field<String>,
}

pub(super) fn bff(bff: &str, s: &mut Section<'_>) -> RawBff {
    RawBff {
        name: bff.to_owned(),
        place: s.place.clone(),
        component: s.read("component", path()),
        releases: s.read("releases", boolean()),
        signers: s.filled("signers", signer()),
        downstreams: s.list("downstreams", name()),
        allow: s.lists("allow", call_pattern()),
        deadline: s.read("deadline", duration()),
        answer_reserve: s.read("answer-reserve", duration()),
        degraded_max_age: s.read("degraded-max-age", duration_or_zero()),
        server_timing: s.read("server-timing", boolean()),
        config: s.map("config", |key, v| Ok((key.to_owned(), text(v)?.to_owned()))),
        limits: s.section("limits", "bff.*.limits", limits),
        smoke: s
            .has("smoke")
            .then(|| s.section("smoke", "bff.*.smoke", smoke)),
        canary: s.section("canary", "bff.*.canary", canary),
    }
}

fn limits(s: &mut Section<'_>) -> RawLimits {
    RawLimits {
        memory: s.read("memory", size(64 * KIB..=4 * GIB)),
        // The engine's limit for each table.
        table_elements: s.read("table-elements", count(1..=100_000)),
        cpu: s.read("cpu", duration()),
        cpu_weight: s.read("cpu-weight", count(1..=1000)),
        cpu_wait: s.read("cpu-wait", duration()),
        calls: s.read("calls", count(1..=10_000)),
        concurrent_calls: s.read("concurrent-calls", count(1..=1000)),
        // A single call of a pattern is no repetition.
        repeated_calls: s.read("repeated-calls", count(2..=10_000)),
        downstream_bytes: s.read("downstream-bytes", size(1..=4 * GIB)),
        response_size: s.read("response-size", size(1..=GIB)),
        streamed_from: s.read("streamed-from", size(KIB * KIB..=GIB)),
        stream_ahead: s.read("stream-ahead", size(KIB..=16 * KIB * KIB)),
        hostcall_bytes: s.read("hostcall-bytes", size(KIB..=2 * GIB)),
        handles: s.read("handles", count(1..=100_000)),
        formatters: s.read("formatters", count(0..=1024)),
        log_lines: s.read("log-lines", count(0..=100_000)),
        log_rate: s.read("log-rate", size(64 * KIB..=GIB)),
        concurrency: s.read("concurrency", count(1..=10_000)),
        queue: s.read("queue", count(0..=100_000)),
        queue_timeout: s.read("queue-timeout", duration()),
    }
}

fn smoke(s: &mut Section<'_>) -> RawSmoke {
    RawSmoke {
        place: s.place.clone(),
        path: s.read("path", target()),
        headers: s.map("headers", header),
        status: s.read("status", count(200..=599)),
        fixture: s.read("fixture", path()),
    }
}

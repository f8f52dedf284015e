//! The section of a service: where it is, what may be asked of it, and its limits.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use toml::de::DeValue;

use super::credentials::{RawCredentials, RawDefault, credentials, default};
use super::policy::{
    RawBreaker, RawCache, RawEjection, RawHealth, RawHedge, RawRetry, RawWrite, breaker, cache,
    ejection, health, hedge, retry, write,
};
use crate::config::field::{At, Field};
use crate::config::problem::{Fault, Place};
use crate::config::reader::Section;
use crate::config::units::{
    GIB, KIB, MAX_RATE, MIB, count, duration, duration_or_zero, duration_within, ms, rate, size,
};
use crate::config::values::{boolean, choice, path, text};
use crate::config::wire::{
    Url, answer_header_name, call_pattern, fixed_header, header_name, server_name, url,
};
use crate::config::{CallPattern, ContentCoding, Protocol};

pub(in crate::config) struct RawDownstream {
    pub(in crate::config) name: String,
    pub(in crate::config) url: Field<Vec<At<Url>>>,
    pub(in crate::config) tls: Option<RawTls>,
    pub(in crate::config) protocol: Field<Protocol>,
    pub(in crate::config) shape: RawShape,
    pub(in crate::config) cache: RawCache,
    pub(in crate::config) writes: Vec<RawWrite>,
    pub(in crate::config) coalesce: Field<bool>,
    pub(in crate::config) coalesce_pause: Field<Duration>,
    pub(in crate::config) max_calls: Field<usize>,
    pub(in crate::config) max_queued: Field<usize>,
    pub(in crate::config) queue_timeout: Field<Duration>,
    pub(in crate::config) bff_share: Field<u32>,
    pub(in crate::config) rate: RawRate,
    pub(in crate::config) max_retry_after: Field<Duration>,
    pub(in crate::config) breaker: RawBreaker,
    pub(in crate::config) connect_timeout: Field<Duration>,
    pub(in crate::config) first_byte_timeout: Field<Duration>,
    pub(in crate::config) between_bytes_timeout: Field<Duration>,
    pub(in crate::config) timeout: Field<Duration>,
    pub(in crate::config) retry: RawRetry,
    pub(in crate::config) hedge: RawHedge,
    pub(in crate::config) ejection: RawEjection,
    pub(in crate::config) health: Option<RawHealth>,
    pub(in crate::config) idle_timeout: Field<Duration>,
    pub(in crate::config) max_connection_age: Field<Duration>,
    pub(in crate::config) resolve_interval: Field<Duration>,
    pub(in crate::config) attempt_delay: Field<Duration>,
    pub(in crate::config) ping_interval: Field<Duration>,
    pub(in crate::config) ping_timeout: Field<Duration>,
    pub(in crate::config) max_header_size: Field<usize>,
    pub(in crate::config) max_interim_responses: Field<usize>,
    pub(in crate::config) max_response_size: Field<usize>,
    pub(in crate::config) accept_encoding: Field<Vec<At<ContentCoding>>>,
    pub(in crate::config) credentials: Option<RawCredentials>,
    pub(in crate::config) defaults: Vec<RawDefault>,
}

pub(in crate::config) struct RawShape {
    pub(in crate::config) allow: Field<Vec<At<CallPattern>>>,
    pub(in crate::config) headers: Field<Vec<At<(HeaderName, HeaderValue)>>>,
    pub(in crate::config) query: Field<Vec<At<(String, String)>>>,
    pub(in crate::config) send_headers: Field<Vec<At<HeaderName>>>,
    pub(in crate::config) receive_headers: Field<Vec<At<HeaderName>>>,
    pub(in crate::config) pass_headers: Field<Vec<At<HeaderName>>>,
}

pub(in crate::config) struct RawRate {
    /// A count, and the time that it is for.
    pub(in crate::config) rate: Field<(u32, Duration)>,
    pub(in crate::config) burst: Field<u32>,
}

pub(in crate::config) struct RawTls {
    pub(in crate::config) place: Place,
    pub(in crate::config) ca_file: Field<String>,
    pub(in crate::config) cert_file: Field<String>,
    pub(in crate::config) key_file: Field<String>,
    pub(in crate::config) server_name: Field<String>,
}

pub(super) fn downstream(name: &str, s: &mut Section<'_>) -> RawDownstream {
    let protocols = [("http/1.1", Protocol::Http1), ("h2", Protocol::Http2)];
    let codings = ContentCoding::ALL.map(|coding| (coding.name(), coding));
    RawDownstream {
        name: name.to_owned(),
        url: s.one_or_more(
            "url",
            "write the service's address: url = \"http://127.0.0.1:9101\"",
            url,
        ),
        tls: s
            .has("tls")
            .then(|| s.section("tls", "downstream.*.tls", tls)),
        protocol: s.read("protocol", |v| choice(v, &protocols)),
        shape: shape(s),
        cache: s.section("cache", "downstream.*.cache", cache),
        writes: s.tables("write", "downstream.*.write", write),
        coalesce: s.read("coalesce", boolean),
        coalesce_pause: s.read("coalesce-pause", duration),
        max_calls: s.read("max-calls", |v| count(v, 1..=100_000)),
        max_queued: s.read("max-queued", |v| count(v, 0..=100_000)),
        queue_timeout: s.read("queue-timeout", duration),
        bff_share: s.read("bff-share", |v| count(v, 1..=100)),
        rate: pace(s),
        max_retry_after: s.read("max-retry-after", duration_or_zero),
        breaker: s.section("breaker", "downstream.*.breaker", breaker),
        connect_timeout: s.read("connect-timeout", duration),
        first_byte_timeout: s.read("first-byte-timeout", duration),
        between_bytes_timeout: s.read("between-bytes-timeout", duration),
        timeout: s.read("timeout", duration),
        retry: s.section("retry", "downstream.*.retry", retry),
        hedge: s.section("hedge", "downstream.*.hedge", hedge),
        ejection: s.section("ejection", "downstream.*.ejection", ejection),
        health: s
            .has("health")
            .then(|| s.section("health", "downstream.*.health", health)),
        idle_timeout: s.read("idle-timeout", duration),
        max_connection_age: s.read("max-connection-age", duration),
        resolve_interval: s.read("resolve-interval", duration),
        // RFC 8305 section 5 names these bounds.
        attempt_delay: s.read("connection-attempt-delay", |v| {
            duration_within(v, ms(10)..=ms(2_000))
        }),
        ping_interval: s.read("ping-interval", duration),
        ping_timeout: s.read("ping-timeout", duration),
        max_header_size: s.read("max-header-size", |v| size(v, 8 * KIB..=MIB)),
        max_interim_responses: s.read("max-interim-responses", |v| count(v, 0..=1000)),
        max_response_size: s.read("max-response-size", |v| size(v, 1..=GIB)),
        accept_encoding: s.list("accept-encoding", |v| choice(v, &codings)),
        credentials: s
            .has("credentials")
            .then(|| s.section("credentials", "downstream.*.credentials", credentials)),
        defaults: s.tables("default", "downstream.*.default", default),
    }
}

fn pace(s: &mut Section<'_>) -> RawRate {
    RawRate {
        rate: s.read("rate", rate),
        burst: s.read("burst", |v| count(v, 1..=MAX_RATE)),
    }
}

fn shape(s: &mut Section<'_>) -> RawShape {
    RawShape {
        allow: s.list("allow", call_pattern),
        headers: s.map("headers", fixed_header),
        query: s.map("query", parameter),
        send_headers: s.list("send-headers", header_name),
        receive_headers: s.list("receive-headers", answer_header_name),
        pass_headers: s.list("pass-headers", header_name),
    }
}

/// Reads a parameter of a query.
fn parameter(name: &str, value: &DeValue<'_>) -> Result<(String, String), Fault> {
    if name.is_empty() {
        return Err(Fault::new("a parameter has no name", "name it"));
    }
    Ok((name.to_owned(), text(value)?.to_owned()))
}

fn tls(s: &mut Section<'_>) -> RawTls {
    RawTls {
        place: s.place.clone(),
        ca_file: s.read("ca-file", path),
        cert_file: s.read("cert-file", path),
        key_file: s.read("key-file", path),
        server_name: s.read("server-name", server_name),
    }
}

//! The section of a service: its address, the calls it accepts, and its limits.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use toml::de::DeValue;

use super::credentials::{RawCredentials, RawDefault, RawSecret, credentials, default, secret};
use super::policy::{
    RawBudget, RawCache, RawEjection, RawHealth, RawWrite, budget, cache, cache_times, ejection,
    health, retry, write,
};
use super::rate::{RawRate, rate};
use super::rule::{RawPolicy, RawRule, policy, rule};
use crate::config::field::{Field, Located};
use crate::config::problem::{Fault, Location};
use crate::config::reader::Section;
use crate::config::units::{
    GIB, KIB, MIB, count, duration, duration_or_zero, duration_within, ms, size,
};
use crate::config::values::{choice, dns_server, path, text};
use crate::config::wire::{
    Url, answer_header_name, call_pattern, fixed_header, header_name, proxy, server_name, url,
};
use crate::config::{CallPattern, ContentCoding, Protocol};

pub(in crate::config) struct RawDownstream {
    pub(in crate::config) name: String,
    pub(in crate::config) url: Field<Vec<Located<Url>>>,
    pub(in crate::config) proxy: Field<(String, u16)>,
    pub(in crate::config) proxy_credentials: RawSecret,
    pub(in crate::config) tls: Option<RawTls>,
    pub(in crate::config) protocol: Field<Protocol>,
    pub(in crate::config) shape: RawShape,
    pub(in crate::config) policy: RawPolicy,
    pub(in crate::config) rules: Vec<RawRule>,
    pub(in crate::config) reads: Field<Vec<Located<CallPattern>>>,
    pub(in crate::config) cache: RawCache,
    pub(in crate::config) budget: RawBudget,
    pub(in crate::config) writes: Vec<RawWrite>,
    pub(in crate::config) max_calls: Field<usize>,
    pub(in crate::config) max_queued: Field<usize>,
    pub(in crate::config) bff_share: Field<u32>,
    pub(in crate::config) rate: RawRate,
    pub(in crate::config) max_retry_after: Field<Duration>,
    pub(in crate::config) connect_timeout: Field<Duration>,
    pub(in crate::config) ejection: RawEjection,
    pub(in crate::config) health: Option<RawHealth>,
    pub(in crate::config) idle_timeout: Field<Duration>,
    pub(in crate::config) max_connection_age: Field<Duration>,
    pub(in crate::config) resolve_interval: Field<Duration>,
    pub(in crate::config) dns_servers: Field<Vec<Located<SocketAddr>>>,
    pub(in crate::config) attempt_delay: Field<Duration>,
    pub(in crate::config) ping_interval: Field<Duration>,
    pub(in crate::config) ping_timeout: Field<Duration>,
    pub(in crate::config) max_header_size: Field<usize>,
    pub(in crate::config) max_interim_responses: Field<usize>,
    pub(in crate::config) max_response_size: Field<usize>,
    pub(in crate::config) accept_encoding: Field<Vec<Located<ContentCoding>>>,
    pub(in crate::config) credentials: Option<RawCredentials>,
    pub(in crate::config) defaults: Vec<RawDefault>,
}

pub(in crate::config) struct RawShape {
    pub(in crate::config) allow: Field<Vec<Located<CallPattern>>>,
    pub(in crate::config) headers: Field<Vec<Located<(HeaderName, HeaderValue)>>>,
    pub(in crate::config) query: Field<Vec<Located<(String, String)>>>,
    pub(in crate::config) send_headers: Field<Vec<Located<HeaderName>>>,
    pub(in crate::config) receive_headers: Field<Vec<Located<HeaderName>>>,
    pub(in crate::config) pass_headers: Field<Vec<Located<HeaderName>>>,
}

pub(in crate::config) struct RawTls {
    pub(in crate::config) place: Location,
    pub(in crate::config) ca_file: Field<String>,
    pub(in crate::config) cert_file: Field<String>,
    pub(in crate::config) key_file: Field<String>,
    pub(in crate::config) server_name: Field<String>,
}

pub(super) fn downstream(name: &str, s: &mut Section<'_>) -> RawDownstream {
    let protocols = [("http/1.1", Protocol::Http1), ("h2", Protocol::Http2)];
    let codings = ContentCoding::ALL.map(|coding| (coding.name(), coding));
    let read_cache = |s: &mut Section<'_>| (cache(s), cache_times(s));
    let (cache, cache_times) = s.section("cache", "downstream.*.cache", read_cache);
    let read_retry = |s: &mut Section<'_>| (retry(s), budget(s));
    let (retry, budget) = s.section("retry", "downstream.*.retry", read_retry);
    let sections = ["downstream.*.breaker", "downstream.*.hedge"];
    let mut raw = RawDownstream {
        name: name.to_owned(),
        policy: policy(s, sections, cache_times, retry),
        rules: Vec::new(),
        reads: s.list("read", call_pattern()),
        cache,
        budget,
        url: s.one_or_more(
            "url",
            "write the service's address: url = \"http://127.0.0.1:9101\"",
            url(),
        ),
        proxy: s.read("proxy", proxy()),
        proxy_credentials: secret(s, "proxy-credentials-file", "proxy-credentials-env"),
        tls: s
            .has("tls")
            .then(|| s.section("tls", "downstream.*.tls", tls)),
        protocol: s.read("protocol", choice(&protocols)),
        shape: shape(s),
        writes: s.tables("write", "downstream.*.write", write),
        max_calls: s.read("max-calls", count(1..=100_000)),
        max_queued: s.read("max-queued", count(0..=100_000)),
        bff_share: s.read("bff-share", count(1..=100)),
        rate: rate(s),
        max_retry_after: s.read("max-retry-after", duration_or_zero()),
        connect_timeout: s.read("connect-timeout", duration()),
        ejection: s.section("ejection", "downstream.*.ejection", ejection),
        health: s
            .has("health")
            .then(|| s.section("health", "downstream.*.health", health)),
        idle_timeout: s.read("idle-timeout", duration()),
        max_connection_age: s.read("max-connection-age", duration()),
        resolve_interval: s.read("resolve-interval", duration()),
        dns_servers: s.list("dns-servers", dns_server()),
        // RFC 8305 section 5 names these bounds.
        attempt_delay: s.read(
            "connection-attempt-delay",
            duration_within(ms(10)..=ms(2_000)),
        ),
        ping_interval: s.read("ping-interval", duration()),
        ping_timeout: s.read("ping-timeout", duration()),
        max_header_size: s.read("max-header-size", size(8 * KIB..=MIB)),
        max_interim_responses: s.read("max-interim-responses", count(0..=1000)),
        max_response_size: s.read("max-response-size", size(1..=GIB)),
        accept_encoding: s.list("accept-encoding", choice(&codings)),
        credentials: s
            .has("credentials")
            .then(|| s.section("credentials", "downstream.*.credentials", credentials)),
        defaults: s.tables("default", "downstream.*.default", default),
    };
    // The last, so that a key that is none of a rule's is known to be the service's.
    let service = s.place.key.clone();
    raw.rules = s.tables("rule", "downstream.*.rule", |s| rule(&service, s));
    raw
}

fn shape(s: &mut Section<'_>) -> RawShape {
    RawShape {
        allow: s.filled("allow", call_pattern()),
        headers: s.map("headers", fixed_header),
        query: s.map("query", parameter),
        send_headers: s.list("send-headers", header_name()),
        receive_headers: s.list("receive-headers", answer_header_name()),
        pass_headers: s.list("pass-headers", header_name()),
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
        ca_file: s.read("ca-file", path()),
        cert_file: s.read("cert-file", path()),
        key_file: s.read("key-file", path()),
        server_name: s.read("server-name", server_name()),
    }
}

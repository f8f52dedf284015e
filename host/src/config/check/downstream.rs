//! Services: the settings of each are consistent, and fit into the deadlines of the BFFs that may
//! call it.

mod coding;
mod credentials;
mod fallback;
mod policy;
mod read;
mod rule;
mod shape;
mod times;

use std::collections::BTreeMap;

use super::Context;
use crate::config::raw::{RawDownstream, RawTls};
use crate::config::units::ms;
use crate::config::{Bulkhead, Connections, Downstream, Endpoint, Protocol, Tls};

pub(super) fn check(cx: &mut Context<'_>) -> BTreeMap<String, Downstream> {
    cx.file
        .downstreams
        .iter()
        .filter_map(|raw| Some((raw.name.clone(), one(raw, cx)?)))
        .collect()
}

/// `None` for a service without an address, which is reported already.
fn one(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Downstream> {
    let policy = policy::policy(raw, &raw.policy, cx);
    cx.check_within(&raw.connect_timeout, &times::total(raw, &raw.policy));
    let rules = rule::check(raw, cx);
    let of_rules = rules.iter().map(|rule| &rule.policy);
    let stores = of_rules
        .chain([&policy])
        .any(|policy| policy.cache.is_some());
    let cache = policy::cache(raw, stores, cx);
    let tls = tls(raw, cx);
    let health = policy::health(raw, cx);
    let credentials = credentials::check(raw, cx);
    let fallbacks = fallback::check(raw, cx);
    let proxy = credentials::proxy(raw, cx);
    check_endpoints(raw, cx);
    shape::check(raw, cx);
    coding::check(raw, cx);

    let path_prefix = raw.url.items().first()?.value.path_prefix.clone();
    Some(Downstream {
        name: raw.name.clone(),
        endpoints: endpoints(raw),
        proxy,
        tls,
        protocol: raw.protocol.or(Protocol::Http1),
        shape: shape::shape(&raw.shape, path_prefix),
        policy,
        rules,
        reads: read::check(raw, cx),
        cache,
        bulkhead: Bulkhead {
            max_calls: raw.max_calls.or(256),
            max_queued: raw.max_queued.or(512),
            bff_share: raw.bff_share.or(75),
            rate: policy::rate(&raw.rate, cx),
            max_retry_after: raw.max_retry_after.or(ms(10_000)),
        },
        ejection: policy::ejection(&raw.ejection),
        health,
        connections: Connections {
            idle_timeout: raw.idle_timeout.or(ms(30_000)),
            max_age: raw.max_connection_age.or(ms(300_000)),
            resolve_interval: raw.resolve_interval.or(ms(10_000)),
            dns_servers: raw.dns_servers.values(),
            attempt_delay: raw.attempt_delay.or(ms(250)),
            ping_interval: raw.ping_interval.or(ms(10_000)),
            ping_timeout: raw.ping_timeout.or(ms(5_000)),
        },
        max_header_size: raw.max_header_size.or(32 << 10),
        max_interim_responses: raw.max_interim_responses.or(16),
        max_response_size: raw.max_response_size.or(2 << 20),
        accept_encoding: coding::accept_encoding(raw),
        credentials,
        fallbacks,
    })
}

fn endpoints(raw: &RawDownstream) -> Vec<Endpoint> {
    raw.url
        .items()
        .iter()
        .map(|at| Endpoint {
            host: at.value.host.clone(),
            port: at.value.port,
            socket: at.value.socket.clone(),
            srv: at.value.srv,
            authority: at.value.authority.clone(),
        })
        .collect()
}

/// Reports addresses that are not those of one and the same service.
fn check_endpoints(raw: &RawDownstream, cx: &mut Context<'_>) {
    cx.check_distinct(&raw.url, |url| {
        let place = match &url.socket {
            Some(path) => format!("unix:{}", path.display()),
            None => url.authority.to_str().unwrap_or_default().to_owned(),
        };
        format!("{place}{}", url.path_prefix)
    });
    let Some((first, others)) = raw.url.items().split_first() else {
        return;
    };
    check_srv(raw, cx);
    let first = &first.value;
    for other in others {
        if other.value.tls != first.tls {
            let what = "one address is http:// and another https://";
            cx.report(other, what, "write all of them with the same scheme");
        }
        if other.value.path_prefix != first.path_prefix {
            let what = format!(
                "the path {:?} is not that of the first address, {:?}",
                other.value.path_prefix, first.path_prefix
            );
            cx.report(other, what, "write all of them with the same path");
        }
    }
}

/// Reports a name of SRV records beside what it does not go with, and servers without a use.
fn check_srv(raw: &RawDownstream, cx: &mut Context<'_>) {
    let urls = raw.url.items();
    let names = || urls.iter().filter(|at| at.value.srv);
    if urls.len() > 1 {
        for at in names() {
            let what = "a name of SRV records stands beside other addresses";
            cx.report(
                at,
                what,
                "write it alone: its records say which address comes when",
            );
        }
    }
    if raw.proxy.is_there() {
        for at in names() {
            let what = "a name of SRV records is looked up by no proxy";
            cx.report(at, what, "leave proxy out, or write an address");
        }
    }
    if let (Some(servers), None) = (raw.dns_servers.written(), names().next()) {
        let what = "DNS servers are asked for SRV records only, and the url names none";
        cx.report(
            servers,
            what,
            "leave it out, or write http+srv:// in the url",
        );
    }
}

/// The TLS settings, if any.
fn tls(raw: &RawDownstream, cx: &mut Context<'_>) -> Option<Tls> {
    let https = raw.url.items().first().map(|at| at.value.tls);
    let section = raw.tls.as_ref().map(|section| tls_section(section, cx));
    if let (Some(false), Some(section)) = (https, &raw.tls) {
        let way_out = "write https:// in the url, or leave the section out";
        cx.report_at(
            &section.place,
            "the service is spoken to without TLS",
            way_out,
        );
    }
    https.filter(|https| *https).map(|_| {
        section.unwrap_or(Tls {
            ca_file: None,
            client: None,
            server_name: None,
        })
    })
}

fn tls_section(raw: &RawTls, cx: &mut Context<'_>) -> Tls {
    let mut file = |at| cx.check_file(at);
    let ca_file = raw.ca_file.written().map(&mut file);
    let cert = raw.cert_file.written().map(&mut file);
    let key = raw.key_file.written().map(&mut file);
    cx.check_together(&raw.cert_file, "key-file", &raw.key_file);
    cx.check_together(&raw.key_file, "cert-file", &raw.cert_file);
    Tls {
        ca_file,
        client: cert.zip(key),
        server_name: raw.server_name.value(),
    }
}

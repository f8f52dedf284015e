//! Targets of fuzzing: what a service may answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::policy::cache;
use super::transport;
use super::transport::fuzzing::answer;
use crate::config::Protocol;

/// Where the service of a target is: in memory.
pub(super) const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// The bytes of a service over HTTP/1.1.
pub fn answer_http1(input: &[u8]) {
    answer(ADDRESS, Protocol::Http1, input);
}

/// The bytes of a service over HTTP/2.
pub fn answer_http2(input: &[u8]) {
    answer(ADDRESS, Protocol::Http2, input);
}

/// What a DNS server says of an SRV name.
pub fn dns_answer(input: &[u8]) {
    transport::fuzzing::dns_answer(input);
}

/// The fields of an answer that say how long it may be kept, and for whom.
pub fn cache_control(input: &[u8]) {
    cache::fuzzing::life_of_an_answer(input);
}

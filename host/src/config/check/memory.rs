//! The memory limits of requests and answers, and whether one request fits into them.

use super::Context;
use crate::config::raw::RawServer;
use crate::config::units::show_size;
use crate::config::{Bff, Config};

/// A connection may hold a fifth of the whole for one BFF, and a body is not all that a request
/// holds.
const PARTS: usize = 8;
/// The most that a connection may hold for one BFF, hundredths of the whole: the point where its
/// share of the BFF's half equals the free part of that half.
const SHARE: usize = 19;
const BODY: usize = 1 << 20;
const GET_BODY: usize = 64 << 10;
const IN_FLIGHT: usize = 256 << 20;

/// The sizes of `[server]` that depend on each other.
pub(super) struct Sizes {
    pub(super) body: usize,
    pub(super) get_body: usize,
    pub(super) in_flight: usize,
}

pub(super) fn check(raw: &RawServer, cx: &mut Context<'_>) -> Sizes {
    let body = raw.max_body_size.written().map(|at| at.value);
    let get_body = raw.max_get_body_size.written().map(|at| at.value);
    let in_flight = raw.max_bytes_in_flight.written().map(|at| at.value);
    if let (Some(longest), Some(at)) = (body.max(get_body), raw.max_bytes_in_flight.written()) {
        let least = longest.saturating_mul(PARTS);
        if at.value < least {
            let what = format!(
                "{} is less than {PARTS} times the longest body ({})",
                show_size(at.value as u64),
                show_size(longest as u64)
            );
            let least = show_size(least as u64);
            cx.report(
                at,
                what,
                format!("write at least \"{least}\", or lower server.max-body-size"),
            );
        }
    }
    if let (Some(body), Some(at)) = (body, raw.max_get_body_size.written())
        && at.value > body
    {
        let body = show_size(body as u64);
        let what = format!(
            "{} is more than server.max-body-size ({body})",
            show_size(at.value as u64)
        );
        cx.report(
            at,
            what,
            format!("write at most \"{body}\", or raise server.max-body-size"),
        );
    }
    let least_body = get_body.unwrap_or(0);
    let most_body = in_flight.map_or(usize::MAX, |whole| whole / PARTS);
    let body = body.unwrap_or(BODY.min(most_body).max(least_body));
    Sizes {
        body,
        get_body: raw.max_get_body_size.or(GET_BODY.min(body)),
        in_flight: raw
            .max_bytes_in_flight
            .or(IN_FLIGHT.max(body.saturating_mul(PARTS))),
    }
}

impl Config {
    /// The warning about BFFs whose largest answer no connection has room for.
    pub fn unsendable_answers(&self) -> Vec<String> {
        let whole = self.server.max_bytes_in_flight;
        let most = whole / 100 * SHARE;
        let too_large = |bff: &Bff| {
            let largest = bff.limits.response_size;
            (largest > most).then(|| {
                format!(
                    "bff.{}.limits.response-size: a connection may hold {} for a BFF, a fifth of \
                     server.max-bytes-in-flight ({}), and answers up to {} are allowed: larger ones \
                     are 503 host-memory; lower it, or write at least \"{}\" there",
                    bff.name,
                    show_size(most as u64 >> 10 << 10),
                    show_size(whole as u64),
                    show_size(largest as u64),
                    show_size(largest.saturating_mul(PARTS) as u64),
                )
            })
        };
        self.bffs.values().filter_map(too_large).collect()
    }
}

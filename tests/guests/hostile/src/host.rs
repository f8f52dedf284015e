//! The host's clock, its random bytes, and the first of several calls.

use std::time::Duration;

use tailor_kit::bindings::tailor::bff::runtime;
use tailor_kit::{Call, Exchange, Request, Response, elapsed, random_bytes, start, wait_any};

/// Bytes as the contract gives them, and as the kit does.
pub(crate) fn random(length: usize) -> Response {
    let bytes = runtime::random(u32::try_from(length).unwrap_or(u32::MAX));
    super::text(&format!("{bytes:?} {:?}", random_bytes::<4>()))
}

/// Whether the clock goes forward, and began with the request.
pub(crate) fn clock() -> Response {
    let before = elapsed();
    wait_any(&[], Some(Duration::from_millis(2)));
    let waited = elapsed() - before;
    let good = waited >= Duration::from_millis(2) && before < Duration::from_secs(60);
    super::text(if good { "good" } else { "bad" })
}

/// Places that are found among a call that hangs and one that does not.
pub(crate) fn race() -> Response {
    let limit = Some(Duration::from_millis(5));
    let [hangs, quick] = ["hangs", "quick"].map(begin);
    let both = [&hangs, &quick];
    let mut found = vec![wait_any(&[&hangs, &hangs], limit), wait_any(&both, None)];
    // What was found stays found until it is taken.
    found.push(wait_any(&both, limit));
    let status = quick.wait().map_or(0, |reply| reply.status);
    found.extend([wait_any(&both, limit), wait_any(&[&quick], None)]);
    drop(hangs);
    let again = quick.wait().is_err();
    super::text(&format!("{found:?} {status} {again}"))
}

/// Waits for nothing, for this many milliseconds.
pub(crate) fn sleep(request: &Request) -> Response {
    let ms = super::number(request, "ms") as u64;
    let found = wait_any(&[], Some(Duration::from_millis(ms)));
    super::text(&format!("{found:?}"))
}

/// Waits for one call this many times at once.
pub(crate) fn wait_many(count: usize) -> Response {
    let call = begin("quick");
    super::text(&format!("{:?}", wait_any(&vec![&call; count], None)))
}

fn begin(service: &str) -> Exchange {
    start(&Call::get(service, &["x"]))
}

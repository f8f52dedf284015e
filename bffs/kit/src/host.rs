//! The host's functions, as a BFF calls them.
//!
//! In a component they are the imports of the contract; natively, where BFFs are tested,
//! [`crate::testing`] stands in for the host. This is the only file that knows which of the two it
//! is, together with `log`.

#[cfg(not(target_family = "wasm"))]
use crate::testing::double as downstream;
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::double as runtime;

#[cfg(target_family = "wasm")]
use crate::bindings::tailor::bff::downstream;
#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::tailor::bff::runtime;

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::tailor::bff::locale;
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::locale;

pub use downstream::Exchange;

use std::time::Duration;

use crate::{Call, Failure, Reply};

/// The result of one call. Every status is a reply; [`ReadReply`](crate::ReadReply) turns failures
/// and statuses other than 2xx into [`Missing`](crate::Missing), so that `fetched.json()?` reads as
/// "the document, or why there is none".
pub type Fetched = Result<Reply, Failure>;

/// Makes one call and waits for its result.
///
/// # Errors
///
/// There is no reply: not granted, not legal, timed out, refused and so on, as the kind of the
/// failure says.
pub fn fetch(call: &Call) -> Fetched {
    downstream::fetch(call)
}

/// Makes all calls side by side and waits for all results, in the order of the calls. One failure
/// does not affect the others. This is the cheapest way to make several calls.
pub fn fetch_all(calls: &[Call]) -> Vec<Fetched> {
    downstream::fetch_all(calls)
}

/// [`fetch_all`] for a number of calls that is known beforehand:
/// `let [steps, heart] = fetch_array([…, …]);`.
pub fn fetch_array<const N: usize>(calls: [Call; N]) -> [Fetched; N] {
    downstream::fetch_all(&calls)
        .try_into()
        .expect("the host gives one result for each call")
}

/// Starts a call and returns at once; [`Exchange::wait`] gives its result. For chains where one
/// answer leads to the next call while others are still under way.
pub fn start(call: &Call) -> Exchange {
    downstream::start(call)
}

/// Waits until one of these calls has its result, and gives its place in the list:
/// [`Exchange::wait`] returns at once then. Of several, it is the first in the list. Calls whose
/// result was taken are passed over.
///
/// `None` when `limit` has passed, in whole milliseconds (zero looks without waiting), when the
/// request's time for calls is over, and at once when there is no limit and nothing to wait for. An
/// empty list with a limit waits for that time. At most 1,024 calls, and each counts as one more of
/// the BFF's handles (`limits.handles`) meanwhile: more end the instance.
pub fn wait_any(calls: &[&Exchange], limit: Option<Duration>) -> Option<usize> {
    let limit = limit.map(|limit| u32::try_from(limit.as_millis()).unwrap_or(u32::MAX));
    let place = downstream::wait_any(calls, limit)?;
    usize::try_from(place).ok()
}

/// A setting of this BFF from the operator's file.
pub fn config(key: &str) -> Option<String> {
    runtime::config(key)
}

/// The time of day in milliseconds since 1970-01-01T00:00:00Z. `std::time` has no clock in a
/// component.
pub fn now_ms() -> u64 {
    runtime::now_ms()
}

/// The time since the host received this request, for measuring how long something takes. Nobody
/// sets this clock, other than the time of day. `std::time::Instant` is not there in a component.
pub fn elapsed() -> Duration {
    Duration::from_nanos(runtime::elapsed_ns())
}

/// Random bytes from the generator of the host's system, which nobody can guess: for keys and ids.
/// At most 64 KiB.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let length = u32::try_from(N).unwrap_or(u32::MAX);
    let bytes = runtime::random(length).try_into();
    bytes.expect("the host gives as many bytes as it is asked for")
}

/// Milliseconds left until this request's deadline, 0 when it has passed.
pub fn time_left_ms() -> u32 {
    runtime::time_left_ms()
}

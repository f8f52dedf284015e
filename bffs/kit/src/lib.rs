//! What the BFFs of tailor share, so that each reads like a page of plain code.
//!
//! A BFF implements [`Handler`], names its routes in a [`Router`], makes its [`Call`]s with
//! [`fetch_all`], reads each result as JSON ([`ReadReply`]) and answers with a [`Response`] or a
//! [`Problem`]. `docs/write/rust.md` shows a whole one on a page.
//!
//! The kit holds no business rules and knows no service. It must stay small: all of it ends up in
//! each component.

#[cfg(target_family = "wasm")]
mod alloc;
pub mod bindings;
pub mod locale;
pub mod log;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

mod accept;
mod body;
mod call;
mod date;
#[cfg(all(feature = "getrandom", target_family = "wasm"))]
mod entropy;
mod hand_back;
mod host;
mod missing;
mod panics;
mod percent;
mod place;
mod print;
mod problem;
mod query;
mod reply;
mod response;
mod router;
#[cfg(feature = "chrono")]
mod time;

pub use bindings::exports::tailor::bff::handler::Guest as Handler;
pub use bindings::tailor::bff::downstream::{Call, Failure, FailureKind, Reply, Source};
pub use bindings::tailor::bff::runtime::Level;
pub use bindings::tailor::bff::types::{
    Client, Headers, Method, Payload, Query, Request, Response,
};
pub use date::{Date, NotADate};
pub use host::{
    Exchange, Fetched, config, elapsed, fetch, fetch_all, fetch_array, now_ms, random_bytes, start,
    time_left_ms, wait_any,
};
pub use missing::{Missing, Outcome, Reason};
pub use panics::log_panics;
pub use print::print;
pub use problem::Problem;
pub use reply::ReadReply;
pub use router::{Params, RouteHandler, Router};
#[cfg(feature = "chrono")]
pub use time::utc_now;

/// The value of the first header of this name; `name` is lower case, the message's names may be in
/// any case.
fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

//! Which route takes a request: by host name, path prefix and header fields.
//!
//! The rule: a route matches when its host, its path prefix and its headers all match. Of several,
//! the one with a host wins over one without, then the longer path prefix, then the one with more
//! headers (and of equals the first in the file).
//!
//! The method is not part of the choice: a chosen route without it is answered 405, even if another
//! route has it. The path is compared as the client sent it, percent-encoding included.
//!
//! This module knows no BFF and no connection; it turns a request head into the index of a route,
//! and allocates nothing while it does. What a lookup costs depends on the longest prefix of the
//! file, not on the number of routes.

mod table;

#[cfg(test)]
mod tests;

use http::HeaderValue;

pub use table::RouteTable;

/// The result of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMatch<'t, 'p> {
    /// The request goes to the BFF of this route.
    Route {
        /// The route, as an index into the slice that the table was made of.
        index: usize,
        /// The path below the route's prefix; begins with `/`.
        rest: &'p str,
    },
    /// An OPTIONS request that the route does not serve itself, or one for `*`: the host answers
    /// 204.
    Options {
        /// The value of the answer's `allow`.
        allow: &'t HeaderValue,
    },
    /// The route does not serve this method: 405.
    MethodNotAllowed {
        /// The value of the answer's `allow`.
        allow: &'t HeaderValue,
    },
    /// No route matches: 404.
    NotFound,
    /// Every route names a host and none of them is this one: 421. The request went to the wrong
    /// server.
    Misdirected,
}

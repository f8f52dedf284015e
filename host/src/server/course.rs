//! How a request came to its version, and what that means for its answer.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::trial::make_private;
use crate::bff::version::Version;

/// Says which version of a preview has answered.
const TAILOR_VERSION: HeaderName = HeaderName::from_static("tailor-version");
/// What no search engine shows.
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
/// Fields that some caches take over `cache-control` (RFC 9213 and before it).
const TARGETED: [HeaderName; 2] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];

/// How a request came to its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// All requests get it.
    Live,
    /// A release is on trial: it depends on the client.
    Trial,
    /// The client has asked for it, with a token.
    Preview,
}

impl Course {
    /// Adds to a BFF's answer what caches and crawlers have to know.
    pub(super) fn mark(self, headers: &mut HeaderMap, version: &Version) {
        match self {
            Self::Live => {}
            Self::Trial => make_private(headers, &version.settings().canary.client),
            Self::Preview => {
                for field in TARGETED {
                    headers.remove(field);
                }
                let fields = [
                    (CACHE_CONTROL, "private, no-store"),
                    (X_ROBOTS_TAG, "noindex"),
                ];
                for (name, value) in fields {
                    headers.insert(name, HeaderValue::from_static(value));
                }
                // It is made of digits.
                if let Ok(name) = HeaderValue::from_str(version.name()) {
                    headers.insert(TAILOR_VERSION, name);
                }
            }
        }
    }
}

//! How a request came to its version, and what that means for its answer.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::trial::{make_private, remove_targeted};
use crate::bff::trial::Turn;
use crate::bff::version::Version;

/// Says which version of a preview has answered.
const TAILOR_VERSION: HeaderName = HeaderName::from_static("tailor-version");
/// What no search engine shows.
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");
/// How a request came to its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// All requests get it.
    Live,
    /// A release is on trial: it depends on the client.
    Trial {
        /// Whether the request has its client's key.
        has_key: bool,
    },
    /// The client has asked for it, with a token.
    Preview,
}

impl Course {
    /// That of a request with a place in a trial.
    pub(super) fn of(turn: &Turn) -> Self {
        Self::Trial {
            has_key: turn.has_key(),
        }
    }

    /// Adds to a BFF's answer what caches and crawlers have to know.
    pub(super) fn mark(self, headers: &mut HeaderMap, version: &Version) {
        match self {
            Self::Live => {}
            Self::Trial { has_key } => {
                make_private(headers, &version.settings().canary.client, has_key);
            }
            Self::Preview => {
                remove_targeted(headers);
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

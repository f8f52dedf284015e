//! Components that teams release to a running host.

use std::time::Duration;

/// How uploads and the history of releases are bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    /// Releases that are kept of each BFF, with their components.
    pub keep: usize,
    /// How long the component that was live before stays linked.
    pub keep_linked: Duration,
    /// Uploads that run at once.
    pub uploads: usize,
    /// Time for a client to send a component.
    pub upload_timeout: Duration,
    /// Streams of events that are open at once.
    pub event_streams: usize,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            keep: 20,
            keep_linked: Duration::from_secs(24 * 3600),
            uploads: 2,
            upload_timeout: Duration::from_secs(60),
            event_streams: 16,
        }
    }
}

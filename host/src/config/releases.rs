//! Components that teams release to a running host.

use std::time::Duration;

/// How uploads and the history of releases are bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Releases {
    /// Releases that are kept of each BFF, with their components.
    pub keep: usize,
    /// Uploads that run at once. Each holds its component in memory.
    pub uploads: usize,
    /// Time for a client to send a component.
    pub upload_timeout: Duration,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            keep: 20,
            uploads: 2,
            upload_timeout: Duration::from_secs(60),
        }
    }
}

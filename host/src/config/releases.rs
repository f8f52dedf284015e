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
    /// What the shadows of releases may use.
    pub shadow: Shadow,
}

/// What the shadows of releases may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// Of 100 requests, how many are taken.
    pub sample: u8,
    /// CPU time of all runs, in percent of that of the workers.
    pub cpu: u32,
    /// Bytes of all records that wait.
    pub memory: usize,
    /// Bytes of one record.
    pub max_size: usize,
    /// How long one lasts at most.
    pub max_duration: Duration,
    /// Whether reports have values of answers.
    pub values: bool,
}

impl Default for Releases {
    fn default() -> Self {
        Self {
            keep: 20,
            keep_linked: Duration::from_secs(24 * 3600),
            uploads: 2,
            upload_timeout: Duration::from_secs(60),
            event_streams: 16,
            shadow: Shadow::default(),
        }
    }
}

impl Default for Shadow {
    fn default() -> Self {
        Self {
            sample: 100,
            cpu: 2,
            memory: 8 << 20,
            max_size: 512 << 10,
            max_duration: Duration::from_secs(3600),
            values: false,
        }
    }
}

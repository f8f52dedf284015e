//! The section `[releases]`.

use std::time::Duration;

use crate::config::field::Field;
use crate::config::reader::Section;
use crate::config::units::{count, duration, long_duration};

pub(in crate::config) struct RawReleases {
    pub(in crate::config) keep: Field<usize>,
    pub(in crate::config) keep_linked: Field<Duration>,
    pub(in crate::config) uploads: Field<usize>,
    pub(in crate::config) upload_timeout: Field<Duration>,
    pub(in crate::config) event_streams: Field<usize>,
}

pub(super) fn releases(s: &mut Section<'_>) -> RawReleases {
    RawReleases {
        // The live one and the one before it.
        keep: s.read("keep", count(2..=1000)),
        keep_linked: s.read("keep-linked", long_duration()),
        uploads: s.read("uploads", count(1..=64)),
        upload_timeout: s.read("upload-timeout", duration()),
        event_streams: s.read("event-streams", count(1..=1000)),
    }
}

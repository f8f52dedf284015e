//! The rate limit of a service or a rule.

use std::time::Duration;

use crate::config::field::Field;
use crate::config::reader::Section;
use crate::config::units::{self, MAX_RATE, count};

pub(in crate::config) struct RawRate {
    /// A count, and the time that it is for.
    pub(in crate::config) rate: Field<(u32, Duration)>,
    pub(in crate::config) burst: Field<u32>,
}

pub(super) fn rate(s: &mut Section<'_>) -> RawRate {
    RawRate {
        rate: s.read("rate", units::rate()),
        burst: s.read("burst", count(1..=MAX_RATE)),
    }
}

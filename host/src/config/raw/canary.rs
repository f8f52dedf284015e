//! The section `[bff.<name>.canary]`.

use std::time::Duration;

use http::HeaderName;

use crate::config::field::{Field, Located};
use crate::config::reader::Section;
use crate::config::units::{count, duration, long_duration};
use crate::config::values::{choice, words};
use crate::config::wire::header_name;

pub(in crate::config) struct RawCanary {
    pub(in crate::config) steps: Field<Vec<Located<u8>>>,
    pub(in crate::config) step_time: Field<Duration>,
    pub(in crate::config) bake_time: Field<Duration>,
    pub(in crate::config) max_duration: Field<Duration>,
    pub(in crate::config) min_requests: Field<u64>,
    pub(in crate::config) max_extra_failures: Field<u32>,
    pub(in crate::config) tolerance: Field<u32>,
    pub(in crate::config) without_evidence: Field<bool>,
    pub(in crate::config) flapping: Field<Duration>,
    pub(in crate::config) client_header: Field<HeaderName>,
    pub(in crate::config) client_cookie: Field<String>,
    pub(in crate::config) client_claim: Field<String>,
}

pub(super) fn canary(s: &mut Section<'_>) -> RawCanary {
    RawCanary {
        steps: s.filled("steps", count(1..=99)),
        step_time: s.read("step-time", duration()),
        bake_time: s.read("bake-time", duration()),
        max_duration: s.read("max-duration", long_duration()),
        min_requests: s.read("min-requests", count(1..=1_000_000)),
        max_extra_failures: s.read("max-extra-failures", count(1..=999)),
        tolerance: s.read("tolerance", count(0..=900)),
        without_evidence: s.read(
            "without-evidence",
            choice(&[("back", false), ("promote", true)]),
        ),
        flapping: s.read("flapping", duration()),
        client_header: s.read("client-header", header_name()),
        client_cookie: s.read("client-cookie", words()),
        client_claim: s.read("client-claim", words()),
    }
}

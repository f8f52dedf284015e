//! The section `[record]`.

use http::HeaderName;

use crate::config::field::{Field, Located};
use crate::config::reader::Section;
use crate::config::units::{GIB, KIB, MIB, count, size};
use crate::config::values::{boolean, pointer, words};
use crate::config::wire::answer_header_name;

pub(in crate::config) struct RawRecord {
    pub(in crate::config) enabled: Field<bool>,
    pub(in crate::config) keep: Field<usize>,
    pub(in crate::config) keep_all: Field<bool>,
    pub(in crate::config) max_size: Field<usize>,
    pub(in crate::config) max_total: Field<usize>,
    pub(in crate::config) text_bodies: Field<bool>,
    pub(in crate::config) redact_headers: Field<Vec<Located<HeaderName>>>,
    pub(in crate::config) redact_query: Field<Vec<Located<String>>>,
    pub(in crate::config) redact: Field<Vec<Located<String>>>,
}

pub(super) fn record(s: &mut Section<'_>) -> RawRecord {
    RawRecord {
        enabled: s.read("enabled", boolean()),
        keep: s.read("keep", count(0..=10_000)),
        keep_all: s.read("keep-all", boolean()),
        // A fixture has at most 16 MiB.
        max_size: s.read("max-size", size(KIB..=8 * MIB)),
        max_total: s.read("max-total", size(KIB..=GIB)),
        text_bodies: s.read("text-bodies", boolean()),
        redact_headers: s.list("redact-headers", answer_header_name()),
        redact_query: s.list("redact-query", words()),
        redact: s.list("redact", pointer()),
    }
}

//! Requests that are recorded.

use std::sync::Arc;

use http::HeaderName;

use super::Context;
use crate::config::Record;

pub(super) fn check(cx: &mut Context<'_>) -> Arc<Record> {
    let raw = &cx.file.record;
    let default = Record::default();
    cx.check_distinct(&raw.redact_headers, Clone::clone);
    cx.check_distinct(&raw.redact_query, Clone::clone);
    cx.check_distinct(&raw.redact, Clone::clone);
    let (size, total) = (
        raw.max_size.or(default.max_size),
        raw.max_total.or(default.max_total),
    );
    if let (true, Some(at)) = (
        size > total,
        raw.max_size.written().or(raw.max_total.written()),
    ) {
        cx.report(
            at,
            "one recording may be larger than all together",
            "give record.max-total at least record.max-size",
        );
    }
    let names: Vec<HeaderName> = raw.redact_headers.values();
    Arc::new(Record {
        enabled: raw.enabled.or(default.enabled),
        keep: raw.keep.or(default.keep),
        keep_all: raw.keep_all.or(default.keep_all),
        max_size: size,
        max_total: total,
        text_bodies: raw.text_bodies.or(default.text_bodies),
        redact_headers: names.iter().map(ToString::to_string).collect(),
        redact_query: raw.redact_query.values(),
        redact: raw.redact.values(),
    })
}

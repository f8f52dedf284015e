//! Calls with POST that are reads.

use http::Method;

use crate::config::CallPattern;
use crate::config::check::Context;
use crate::config::raw::RawDownstream;

pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) -> Vec<CallPattern> {
    cx.check_distinct(&raw.reads, Clone::clone);
    for read in raw.reads.items() {
        let (what, way_out) = match &read.value.method {
            Some(method) if *method == Method::POST => continue,
            Some(method) if method.is_safe() => (
                format!("{method} changes nothing in any case"),
                "leave it out",
            ),
            Some(method) => (
                format!("{method} says that something is changed"),
                "write POST, or leave it out",
            ),
            None => (
                "* is any method, and would make reads of DELETE, too".to_owned(),
                "write POST",
            ),
        };
        cx.report(read, what, way_out);
    }
    for write in raw.writes.iter().filter_map(|write| write.call.written()) {
        let mut reads = raw.reads.items().iter();
        if let Some(read) = reads.find(|read| read.value.covers(&write.value)) {
            let what = format!("{} says that such calls are reads", read.place.key);
            cx.report(write, what, "leave it out here or there");
        }
    }
    raw.reads.values()
}

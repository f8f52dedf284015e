//! What the log says of calls that could be better, and of answers that cannot be read.

use std::sync::Mutex;

use crate::calls::check::LegalPath;
use crate::calls::grant::Grants;
use crate::calls::repeats::Repeats;
use crate::calls::unreadable::ResponseSample;
use crate::downstream::{Cause, Service};
use crate::sync;
use crate::text::cut;

/// Logs, once for each pattern and version, when a request makes the same kind of call many times
/// over.
pub(super) fn note_repeats(
    grants: &Grants,
    repeats: &Mutex<Repeats>,
    (index, service): (usize, &Service),
    path: &LegalPath,
) {
    let mut repeats = sync::lock(repeats);
    let Some(repeated) = repeats.note(index, path) else {
        return;
    };
    drop(repeats);
    let pattern = cut(&collections(&repeated.pattern));
    if grants.warn_once(service.name(), &pattern) {
        tracing::warn!(
            bff = grants.bff(),
            downstream = &**service.name(),
            pattern,
            "one request made {} calls of this pattern; ask the service for all of them in one call, or keep what it answered",
            repeated.times
        );
    }
}

/// Logs, at most once per minute for each service, why a response could not be read.
pub(super) fn note_malformed(service: &Service, cause: &Cause, seen: Option<&ResponseSample>) {
    let Cause::Malformed { what } = cause else {
        return;
    };
    if !service.malformed_is_due() {
        return;
    }
    let downstream = &**service.name();
    match seen.map(ResponseSample::unreadable) {
        None => tracing::warn!(downstream, what, "a response could not be read"),
        Some(unreadable) => tracing::warn!(
            downstream,
            what,
            content_type = unreadable.content_type,
            content_encoding = unreadable.content_encoding,
            begins = %unreadable.begins,
            "a response could not be read as JSON"
        ),
    }
}

/// A pattern of paths for the log: `/users/*/days/*`. All that follows the name of a collection may
/// be personal.
fn collections(pattern: &str) -> String {
    let segments = pattern.split('/').skip(1).enumerate();
    let shown = segments.map(|(place, segment)| if place % 2 == 0 { segment } else { "*" });
    shown.fold(String::new(), |shown, segment| shown + "/" + segment)
}

//! Counts of swaps by result.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::families::Families;

/// Counts by BFF and result. Not among those of the BFF: a version may be refused of a BFF that is
/// not live.
#[derive(Debug, Default)]
pub struct Swaps(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Swaps {
    /// Counts a new version that was `published` or `refused`, or `postponed` because the host was
    /// out of something, or that is on trial as a `canary`, or was `rolled-back` by a rule.
    pub fn count(&self, bff: &str, result: &'static str) {
        *self.lock().entry((bff.to_owned(), result)).or_default() += 1;
    }

    /// Forgets the BFFs that are not live.
    pub fn retain(&self, live: impl Fn(&str) -> bool) {
        self.lock().retain(|(bff, _), _| live(bff));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, &'static str), u64>> {
        // Consistent after each statement, so poison is ignored.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Swaps {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let swaps = self.lock().clone();
        Families::from(encoder).counters(
            "swaps",
            "New versions of a BFF by result: published, refused, postponed and tried again, canary \
             (on trial), or rolled-back (by a rule).",
            swaps.iter().map(|((bff, result), count)| {
                ([("bff", bff.as_str()), ("result", *result)], *count)
            }),
        )
    }
}

//! Which endpoint an attempt is made on, and which of them stand for the service.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::{Transport, balance};

impl Transport {
    /// Picks one of several endpoints. `avoid` is that of the attempt before.
    pub(super) fn pick(&self, now: Instant, avoid: Option<usize>) -> usize {
        let endpoints = &self.connector.endpoints;
        let length = self.connector.settings.ejection.slow_start;
        let (mut number, mut starting) = (0, false);
        for (index, endpoint) in endpoints.iter().enumerate() {
            if self.ejections.is_back(index, now) {
                endpoint.is_back(now);
            }
            number += usize::from(self.good(index, now));
            starting |= endpoint.slow_start.share(now, length).is_some();
        }
        let all = self.panics(number) || number == endpoints.len();
        let good = |index| all || self.good(index, now);
        let cost = |index: usize| endpoints[index].load.cost(now);
        // A further attempt goes elsewhere, also to one that came back a moment ago.
        if starting && avoid.is_none() {
            let drawn = fastrand::u64(..100);
            let share = |index: usize| endpoints[index].slow_start.share(now, length);
            let its_turn = |index| good(index) && share(index).is_none_or(|share| drawn < share);
            if (0..endpoints.len()).any(its_turn) {
                return balance::pick(endpoints.len(), None, its_turn, cost);
            }
        }
        balance::pick(endpoints.len(), avoid, good, cost)
    }

    /// Whether the endpoint stands for the service: it is good, or so few are that all are used.
    pub(super) fn stands_for_the_service(&self, index: usize, now: Instant) -> bool {
        let number = || {
            let all = 0..self.connector.endpoints.len();
            all.filter(|index| self.good(*index, now)).count()
        };
        self.good(index, now) || self.too_few(number())
    }

    /// Whether an endpoint is neither ejected nor unhealthy.
    fn good(&self, index: usize, now: Instant) -> bool {
        self.connector.endpoints[index].healthy() && self.ejections.left_out(index, now).is_none()
    }

    /// Whether so few are good that they could hardly bear all calls. Then it is also doubtful whether the
    /// others are as bad as it seems.
    fn too_few(&self, good: usize) -> bool {
        let threshold = self.connector.settings.ejection.panic_threshold as usize;
        good * 100 < self.connector.endpoints.len() * threshold
    }

    /// The same, and tells the operator when that changes.
    fn panics(&self, good: usize) -> bool {
        let panics = self.too_few(good);
        if panics != self.panicking.load(Ordering::Relaxed)
            && panics != self.panicking.swap(panics, Ordering::Relaxed)
        {
            let service = &*self.connector.settings.name;
            let all = self.connector.endpoints.len();
            if panics {
                tracing::warn!(
                    service,
                    good,
                    all,
                    "too few endpoints are good: all are used"
                );
            } else {
                tracing::info!(service, good, all, "enough endpoints are good again");
            }
        }
        panics
    }
}

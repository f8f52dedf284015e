//! Selects the endpoint of an attempt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::{Transport, balance};
use crate::downstream::error::Cause;
use crate::downstream::response::ServiceResponse;
use crate::downstream::retry_after;

fn mean(weights: impl ExactSizeIterator<Item = u32>) -> f32 {
    let number = weights.len().max(1) as f32;
    weights.map(|weight| weight as f32).sum::<f32>() / number
}

impl Transport {
    /// The index of the endpoint for an attempt. `avoid` is the id of the previous attempt's
    /// endpoint.
    pub(super) fn pick(
        &self,
        endpoints: &[Arc<Endpoint>],
        now: Instant,
        avoid: Option<usize>,
    ) -> usize {
        if !self.connector.endpoints.are_ranked() {
            return self.pick_of(endpoints, now, avoid, None);
        }
        let priority = self.priority(endpoints, now, avoid);
        let has_it = |place: &usize| endpoints[*place].record.rank.priority() == priority;
        let places: Vec<usize> = (0..endpoints.len()).filter(has_it).collect();
        let group: Vec<_> = places.iter().map(|it| endpoints[*it].clone()).collect();
        let weight = |index: usize| group[index].record.rank.weight();
        let index = self.pick_of(&group, now, avoid, Some(&weight));
        // A lookup may have changed the ranks in between.
        places.get(index).copied().unwrap_or(0)
    }

    /// The lowest priority with enough good endpoints, one of them not that of the previous
    /// attempt. Else the lowest with one good endpoint, else the lowest of all.
    fn priority(&self, endpoints: &[Arc<Endpoint>], now: Instant, avoid: Option<usize>) -> u64 {
        let mut groups: BTreeMap<u64, Vec<&Endpoint>> = BTreeMap::new();
        for endpoint in endpoints {
            let priority = endpoint.record.rank.priority();
            groups.entry(priority).or_default().push(endpoint);
        }
        let other = |it: &&Endpoint| it.good(now) && Some(it.id) != avoid;
        let enough = |group: &[&Endpoint]| {
            let number = group.iter().filter(|it| it.good(now)).count();
            group.iter().any(other) && !self.too_few(number, group.len())
        };
        let first = |fits: &dyn Fn(&[&Endpoint]) -> bool| {
            let mut fitting = groups.iter().filter(|(_, group)| fits(group.as_slice()));
            fitting.next().map(|(priority, _)| *priority)
        };
        first(&enough)
            .or_else(|| first(&|group| group.iter().any(other)))
            .or_else(|| first(&|group| group.iter().any(|it| it.good(now))))
            .or_else(|| first(&|_| true))
            .unwrap_or(0)
    }

    /// The index of one of these equal candidates.
    fn pick_of(
        &self,
        endpoints: &[Arc<Endpoint>],
        now: Instant,
        avoid: Option<usize>,
        weight: Option<&dyn Fn(usize) -> u32>,
    ) -> usize {
        let length = self.connector.settings.ejection.slow_start;
        let (mut number, mut starting) = (0, false);
        for endpoint in endpoints {
            let record = &endpoint.record;
            if record.mark.is_back(now) {
                endpoint.is_back(now);
            }
            number += usize::from(endpoint.good(now));
            starting |= record.slow_start.share(now, length).is_some();
        }
        let all = self.panics(number, endpoints.len()) || number == endpoints.len();
        let good = |index: usize| all || endpoints[index].good(now);
        let mean = weight.map_or(1.0, |weight| mean((0..endpoints.len()).map(weight)));
        let cost = |index: usize| {
            let each = weight.map_or(1.0, |weight| mean / weight(index) as f32);
            endpoints[index].record.load.cost_by(now, each)
        };
        // A further attempt goes elsewhere, also to one that came back a moment ago.
        if starting && avoid.is_none() {
            let drawn = fastrand::u64(..100);
            let share = |index: usize| endpoints[index].record.slow_start.share(now, length);
            let its_turn = |index| good(index) && share(index).is_none_or(|share| drawn < share);
            if (0..endpoints.len()).any(its_turn) {
                return balance::pick(endpoints.len(), None, its_turn, cost, weight);
            }
        }
        let avoid = avoid.and_then(|id| endpoints.iter().position(|it| it.id == id));
        balance::pick(endpoints.len(), avoid, good, cost, weight)
    }

    /// Whether an endpoint counts for the service: it is good, or so few are good that all are
    /// used.
    pub(super) fn counts_for_service(
        &self,
        endpoints: &[Arc<Endpoint>],
        endpoint: &Endpoint,
        now: Instant,
    ) -> bool {
        let number = || endpoints.iter().filter(|it| it.good(now)).count();
        endpoint.good(now) || self.too_few(number(), endpoints.len())
    }

    /// The pause that the service requests, given the result of an attempt at `endpoint`. A 503 is
    /// about that endpoint alone: it counts for the service when all good endpoints have requested
    /// a pause, until the first of them is ready.
    pub(super) fn requested_pause(
        endpoints: &[Arc<Endpoint>],
        endpoint: &Endpoint,
        result: &Result<ServiceResponse, Cause>,
    ) -> Option<Duration> {
        let answer = result.as_ref().ok()?;
        let asked = retry_after::rest(answer.status, &answer.headers);
        if endpoints.len() == 1 || answer.status == StatusCode::TOO_MANY_REQUESTS {
            return asked;
        }
        let Some(asked) = asked else {
            endpoint.record.rest.end();
            return None;
        };
        let now = Instant::now();
        endpoint.record.rest.begin(asked, now);
        let others = endpoints.iter().filter(|other| other.id != endpoint.id);
        let others = others.filter(|other| other.good(now));
        let first = others.map(|other| other.record.rest.left(now)).min();
        let time = first.map_or(asked, |first| first.min(asked));
        (!time.is_zero()).then_some(time)
    }

    /// Whether so few are good that they would be overloaded by all calls. Then the signs against
    /// the others are doubtful, too.
    fn too_few(&self, good: usize, all: usize) -> bool {
        let threshold = self.connector.settings.ejection.panic_threshold as usize;
        good * 100 < all * threshold
    }

    /// The same, and logs when that changes.
    fn panics(&self, good: usize, all: usize) -> bool {
        let panics = self.too_few(good, all);
        if panics != self.panicking.load(Ordering::Relaxed)
            && panics != self.panicking.swap(panics, Ordering::Relaxed)
        {
            let service = &*self.connector.settings.name;
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

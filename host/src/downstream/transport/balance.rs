//! Which of several endpoints gets a call: power of two choices by peak-EWMA latency.
//!
//! Two endpoints are drawn at random, and the one with the lower cost gets the call. The cost is
//! the expected latency times the calls under way, this one included. The expected latency rises to
//! a worse sample at once and decays over time, so that an endpoint that becomes slow loses calls
//! with the first slow answer and gets calls again later. This is the algorithm of tower's
//! `PeakEwma` and of Finagle; it is one atomic word here, because all workers share it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time in which a latency estimate loses two thirds of its weight.
const DECAY: Duration = Duration::from_secs(10);
/// Added to the time of a call that failed, because an endpoint that refuses calls at once is not a
/// fast one.
const PENALTY: Duration = Duration::from_secs(1);
/// Below this latency, seconds, an endpoint is unknown: it was never called, or long ago.
const UNKNOWN: f32 = 1e-6;

/// The load of one endpoint.
pub struct Load {
    base: Instant,
    /// The expected latency, seconds (`f32`, upper half), and the time of the estimate,
    /// milliseconds since `base` (lower half; it wraps around, so an endpoint last called weeks ago
    /// may seem to have been called just now).
    estimate: AtomicU64,
    in_flight: AtomicU32,
}

impl Load {
    /// Nothing known, nothing under way.
    pub fn new(now: Instant) -> Self {
        Self {
            base: now,
            estimate: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
        }
    }

    /// Counts a call for as long as the returned value lives.
    pub fn begin(&self, now: Instant) -> UnderWay<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        UnderWay {
            load: self,
            began: now,
            ended: false,
        }
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed) as usize
    }

    /// The expected latency.
    pub fn expected(&self, now: Instant) -> Duration {
        let (seconds, _) = self.decayed(self.estimate.load(Ordering::Relaxed), now);
        Duration::from_secs_f32(seconds)
    }

    /// The cost of a further call here, for comparison with other endpoints.
    pub fn cost(&self, now: Instant) -> f32 {
        self.cost_by(now, 1.0)
    }

    /// The same, with calls under way divided by the weight: three times the weight may have three
    /// times the calls.
    #[inline]
    pub fn cost_by(&self, now: Instant, each: f32) -> f32 {
        let (seconds, _) = self.decayed(self.estimate.load(Ordering::Relaxed), now);
        let under_way = self.in_flight() as f32 * each;
        if seconds < UNKNOWN && under_way > 0.0 {
            // The first call shows how it is. Until then the others should not follow it: it may
            // never be answered.
            return PENALTY.as_secs_f32() * under_way;
        }
        seconds * (under_way + 1.0)
    }

    /// Resets the estimate: the next call measures it anew.
    pub fn forget(&self) {
        self.estimate.store(0, Ordering::Relaxed);
    }

    /// Adds the time of one call.
    fn observe(&self, now: Instant, latency: Duration) {
        let latency = latency.as_secs_f32();
        let mut old = self.estimate.load(Ordering::Relaxed);
        loop {
            let (decayed, weight) = self.decayed(old, now);
            let new = if latency > unpack(old).0 {
                latency
            } else {
                decayed + latency * (1.0 - weight)
            };
            match self.estimate.compare_exchange_weak(
                old,
                pack(new, self.millis(now)),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(changed) => old = changed,
            }
        }
    }

    /// A stored estimate, decayed to now, and its remaining weight.
    fn decayed(&self, estimate: u64, now: Instant) -> (f32, f32) {
        let (seconds, at) = unpack(estimate);
        // Another worker may have stored a time that is a moment after ours.
        let passed = self.millis(now).wrapping_sub(at).cast_signed().max(0);
        if passed == 0 {
            return (seconds, 1.0);
        }
        let weight = (-(passed as f32) / DECAY.as_millis() as f32).exp();
        (seconds * weight, weight)
    }

    fn millis(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.base).as_millis() as u32
    }
}

fn pack(seconds: f32, millis: u32) -> u64 {
    u64::from(seconds.to_bits()) << 32 | u64::from(millis)
}

fn unpack(estimate: u64) -> (f32, u32) {
    (f32::from_bits((estimate >> 32) as u32), estimate as u32)
}

/// A call that is under way at an endpoint.
pub struct UnderWay<'a> {
    load: &'a Load,
    began: Instant,
    ended: bool,
}

impl UnderWay<'_> {
    /// The call got an answer; `latency` is what its head took.
    pub fn answered(mut self, now: Instant, latency: Duration) {
        self.ended = true;
        self.load.observe(now, latency);
    }

    /// The call failed.
    pub fn failed(mut self, now: Instant) {
        self.ended = true;
        let took = now.saturating_duration_since(self.began);
        self.load.observe(now, took + PENALTY);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.load.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            // No call waits for it any more. Its duration still counts: it is the only sample of an
            // endpoint that never answers.
            let now = Instant::now();
            let took = now.saturating_duration_since(self.began);
            if took > self.load.expected(now) {
                self.load.observe(now, took);
            }
        }
    }
}

/// Picks one of `count` endpoints. Those that are not `good` are skipped, unless none is. `avoid`
/// is skipped when there is another good one. With weights, none of them 0, each is drawn in
/// proportion to its weight.
pub fn pick(
    count: usize,
    avoid: Option<usize>,
    good: impl Fn(usize) -> bool,
    cost: impl Fn(usize) -> f32,
    weight: Option<&dyn Fn(usize) -> u32>,
) -> usize {
    let other = |index: &usize| Some(*index) != avoid;
    let choose = |eligible: &dyn Fn(&usize) -> bool| match weight {
        None => two_choices(count, eligible, &cost),
        Some(weight) => two_by_weight(count, eligible, &cost, weight),
    };
    choose(&|index| good(*index) && other(index))
        .or_else(|| avoid.filter(|index| *index < count && good(*index)))
        .or_else(|| choose(&other))
        .unwrap_or(0)
}

/// The cheaper of two that are drawn from the eligible ones.
fn two_choices(
    count: usize,
    eligible: impl Fn(&usize) -> bool,
    cost: impl Fn(usize) -> f32,
) -> Option<usize> {
    let number = (0..count).filter(&eligible).count();
    if number == 0 {
        return None;
    }
    let draw = |place: usize| (0..count).filter(&eligible).nth(place);
    let first = fastrand::usize(..number);
    if number == 1 {
        return draw(first);
    }
    let mut second = fastrand::usize(..number - 1);
    if second >= first {
        second += 1;
    }
    // If another worker ejected one in between, the other of the two is used.
    match (draw(first), draw(second)) {
        (Some(first), Some(second)) if cost(second) < cost(first) => Some(second),
        (first, second) => first.or(second),
    }
}

/// The cheaper of two that are drawn from the eligible ones by weight. One may be drawn twice,
/// unless all have the same weight: without that, the second draw would take its share from the
/// heaviest, of two all of it.
fn two_by_weight(
    count: usize,
    eligible: impl Fn(&usize) -> bool,
    cost: impl Fn(usize) -> f32,
    weight: impl Fn(usize) -> u32,
) -> Option<usize> {
    let weights: Vec<_> = (0..count)
        .filter(&eligible)
        .map(|it| (it, weight(it)))
        .collect();
    let lightest = weights.iter().map(|(_, weight)| *weight).min()?;
    if weights.iter().all(|(_, weight)| *weight == lightest) {
        return two_choices(count, eligible, cost);
    }
    let sum: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let draw = || {
        let mut left = fastrand::u64(..sum.max(1));
        let place = weights.iter().position(|(_, weight)| {
            let is_it = left < u64::from(*weight);
            left = left.saturating_sub(u64::from(*weight));
            is_it
        });
        place.map(|place| weights[place].0)
    };
    match (draw(), draw()) {
        (Some(first), Some(second)) if cost(second) < cost(first) => Some(second),
        (first, second) => first.or(second),
    }
}

#[cfg(test)]
mod tests;

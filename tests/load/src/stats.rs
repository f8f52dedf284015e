//! Medians, ratios and percentiles.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest recorded time, in microseconds; longer ones count as this.
const LONGEST_US: u64 = 60_000_000;

/// The middle of some numbers, the mean of the two middle ones if they are even in number; 0 of
/// none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2);
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2);
    match (lower, upper) {
        (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

/// How one system's rounds compare with another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The ratio of the medians.
    pub of_medians: f64,
    /// The smallest ratio within a round.
    pub least: f64,
    /// The largest ratio within a round.
    pub most: f64,
}

impl Ratio {
    /// Compares the rounds of `ours` with the same rounds of `theirs`; `None` without rounds.
    pub fn new(ours: &[f64], theirs: &[f64]) -> Option<Self> {
        let rounds = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs);
        let (least, most) = rounds.fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| {
            (least.min(ratio), most.max(ratio))
        });
        (least <= most).then(|| Self {
            of_medians: median(ours) / median(theirs),
            least,
            most,
        })
    }
}

/// The latencies of one measurement.
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// None yet.
    #[expect(
        clippy::expect_used,
        reason = "the bounds are constants that are legal"
    )]
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 3).expect("bounds of a histogram"))
    }

    /// Adds one. What is longer than a minute counts as a minute.
    pub fn add(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(us.clamp(1, LONGEST_US));
    }

    /// Adds all of another measurement.
    pub fn merge(&mut self, other: &Self) {
        // Both have the same bounds, which is all that can fail.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency in milliseconds that this percentage of the requests did not exceed.
    pub fn percentile(&self, percent: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most a minute")]
        let us = self.0.value_at_quantile(percent / 100.0) as f64;
        us / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn a_ratio_is_that_of_the_medians_with_the_extremes_of_the_rounds() {
        let ratio = Ratio::new(&[10.0, 20.0, 60.0], &[10.0, 10.0, 20.0]).unwrap();
        let expected = Ratio {
            of_medians: 2.0,
            least: 1.0,
            most: 3.0,
        };
        assert_eq!(ratio, expected);
        assert_eq!(Ratio::new(&[], &[]), None);
    }

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let mut latencies = Latencies::new();
        for ms in 1..=1000 {
            latencies.add(Duration::from_millis(ms));
        }
        latencies.add(Duration::from_secs(600));
        assert_eq!(latencies.count(), 1001);
        for (percent, ms) in [(50.0, 501.0), (99.0, 991.0), (100.0, 60_000.0)] {
            let found = latencies.percentile(percent);
            assert!((found / ms - 1.0).abs() < 0.002, "{percent}: {found}");
        }
    }
}

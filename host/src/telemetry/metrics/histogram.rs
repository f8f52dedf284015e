//! A histogram of atomics. The one of `prometheus-client` takes a lock for each observation, which
//! all workers would share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Seconds of a request or a call: 0.5 ms to 10 s.
pub(super) const LATENCY: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// Seconds of CPU: 20 us to 1 s.
pub(super) const CPU: [f64; 14] = [
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
    0.25, 1.0,
];
/// Bytes of memory: 64 KiB to 512 MiB.
pub(super) const BYTES: [f64; 14] = [
    65_536.0,
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
    33_554_432.0,
    67_108_864.0,
    134_217_728.0,
    268_435_456.0,
    536_870_912.0,
];

/// A histogram with fixed buckets.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: &'static [f64; 14],
    /// One more than bounds: what is above the last.
    counts: [AtomicU64; 15],
    /// Bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    /// An empty histogram with these upper bounds, which rise.
    pub fn new(bounds: &'static [f64; 14]) -> Self {
        Self(Arc::new(Inner {
            bounds,
            counts: Default::default(),
            sum: AtomicU64::new(0f64.to_bits()),
        }))
    }

    /// Counts a value.
    pub fn observe(&self, value: f64) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < value);
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        // A lost race repeats; two workers seldom meet here.
        let _ = self
            .0
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                Some((f64::from_bits(bits) + value).to_bits())
            });
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Not an atomic snapshot: a concurrent observation may be in one number and not yet in the
        // other.
        let counts: Vec<u64> = self
            .0
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect();
        let buckets: Vec<(f64, u64)> = self
            .0
            .bounds
            .iter()
            .copied()
            .chain([f64::INFINITY])
            .zip(counts.iter().copied())
            .collect();
        let sum = f64::from_bits(self.0.sum.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, counts.iter().sum(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_in_the_text() {
        let histogram = Histogram::new(&LATENCY);
        for value in [0.0001, 0.0005, 0.003, 99.0] {
            histogram.observe(value);
        }
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register("h", "help", histogram);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "h_bucket{le=\"0.0005\"} 2",
            "h_bucket{le=\"0.004\"} 3",
            "h_bucket{le=\"10.0\"} 3",
            "h_bucket{le=\"+Inf\"} 4",
            "h_count 4",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }
}

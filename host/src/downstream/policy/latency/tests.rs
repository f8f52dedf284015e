use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::Latency;

fn record(latency: &Latency, now: Instant, times: u32, took: Duration) {
    for _ in 0..times {
        latency.record(now, took);
    }
}

fn near(found: Option<Duration>, expected: Duration) -> bool {
    found.is_some_and(|found| {
        let ratio = found.as_secs_f64() / expected.as_secs_f64();
        (0.85..=1.15).contains(&ratio)
    })
}

#[test]
fn says_nothing_below_twenty_calls() {
    let latency = Latency::new();
    record(&latency, latency.start, 19, Duration::from_millis(1));
    assert_eq!(latency.percentile(95), None);
    record(&latency, latency.start, 1, Duration::from_millis(1));
    assert!(near(latency.percentile(95), Duration::from_millis(1)));
}

#[test]
fn tells_the_slow_part_from_the_rest() {
    let latency = Latency::new();
    record(&latency, latency.start, 95, Duration::from_millis(10));
    record(&latency, latency.start, 5, Duration::from_secs(2));
    assert!(near(latency.percentile(50), Duration::from_millis(10)));
    assert!(near(latency.percentile(95), Duration::from_millis(10)));
    assert!(near(latency.percentile(96), Duration::from_secs(2)));
    assert!(near(latency.percentile(100), Duration::from_secs(2)));
}

#[test]
fn old_times_fade() {
    let latency = Latency::new();
    let second = |second| latency.start + Duration::from_secs(second);
    record(&latency, second(0), 100, Duration::from_secs(1));
    record(&latency, second(31), 100, Duration::from_millis(1));
    assert!(near(latency.percentile(90), Duration::from_secs(1)));
    record(&latency, second(61), 1, Duration::from_millis(1));
    assert!(near(latency.percentile(100), Duration::from_millis(1)));
    // After a pause both halves are old.
    record(&latency, second(300), 1, Duration::from_millis(1));
    assert_eq!(latency.percentile(95), None);
}

#[test]
fn the_ends_of_the_scale_hold_what_is_beyond_them() {
    let latency = Latency::new();
    record(&latency, latency.start, 20, Duration::ZERO);
    assert!(latency.percentile(100) < Some(Duration::from_micros(100)));
    record(&latency, latency.start, 20, Duration::MAX);
    assert!(latency.percentile(100) > Some(Duration::from_secs(55)));
}

proptest! {
    #[test]
    fn is_close_to_the_exact_percentile(
        times in prop::collection::vec(100_u64..60_000_000, 20..300),
        percent in 1_u32..=100,
    ) {
        let latency = Latency::new();
        for micros in &times {
            latency.record(latency.start, Duration::from_micros(*micros));
        }
        let mut sorted = times;
        sorted.sort_unstable();
        let place = (sorted.len() * percent as usize).div_ceil(100);
        let exact = Duration::from_micros(sorted[place - 1]);
        prop_assert!(near(latency.percentile(percent), exact), "{:?} {exact:?}", latency.percentile(percent));
    }
}

use proptest::prelude::*;

use super::*;

fn rate(count: u32, seconds: u64, burst: u32) -> config::Rate {
    config::Rate {
        count,
        per: Duration::from_secs(seconds),
        burst,
    }
}

/// Takes all tokens, and returns their number.
fn drain(bucket: &mut Bucket, now: Instant) -> u32 {
    let mut taken = 0;
    while bucket.due(0, now) <= now {
        bucket.take(now);
        taken += 1;
    }
    taken
}

#[test]
fn a_burst_is_there_at_once_and_then_one_token_after_the_other() {
    let start = Instant::now();
    let mut bucket = Bucket::new(rate(100, 1, 3), start);
    assert_eq!((bucket.tokens(start), drain(&mut bucket, start)), (3, 3));
    let ms = |millis| start + Duration::from_millis(millis);
    assert_eq!(bucket.due(0, start), ms(10));
    assert_eq!(bucket.due(4, start), ms(50));
    assert_eq!(drain(&mut bucket, ms(9)), 0);
    assert_eq!(drain(&mut bucket, ms(25)), 2);
    assert_eq!(bucket.due(0, ms(25)), ms(30));
    // An idle hour saves no more than a burst.
    assert_eq!(drain(&mut bucket, ms(3_600_000)), 3);
}

#[test]
fn a_token_that_was_not_used_is_there_again() {
    let start = Instant::now();
    let mut bucket = Bucket::new(rate(2, 3600, 1), start);
    bucket.take(start);
    assert_eq!(bucket.due(0, start), start + Duration::from_secs(1800));
    bucket.give_back();
    assert_eq!(drain(&mut bucket, start), 1);
    // Nor is there more than a burst of them.
    let later = start + Duration::from_secs(7200);
    bucket.give_back();
    assert_eq!(drain(&mut bucket, later), 1);
}

#[test]
fn another_rate_keeps_the_tokens() {
    let start = Instant::now();
    let mut bucket = Bucket::new(rate(10, 1, 10), start);
    (0..6).for_each(|_| bucket.take(start));
    bucket.set(rate(1000, 1, 100), start);
    assert_eq!(bucket.tokens(start), 4);
    bucket.set(rate(1, 60, 2), start);
    assert_eq!(bucket.tokens(start), 2);
    assert_eq!(drain(&mut bucket, start), 2);
    assert_eq!(bucket.due(0, start), start + Duration::from_secs(60));
}

proptest! {
    /// For any callers at any times: no window takes more than its length brings, plus a burst. A
    /// caller that takes all tokens gets what the time brings, but for one.
    #[test]
    fn no_window_has_more_than_its_worth_and_a_burst(
        count in 1_u32..2000,
        seconds in prop_oneof![Just(1_u64), Just(60), Just(3600)],
        burst in 1_u32..50,
        pauses in prop::collection::vec(0_u64..200_000_000, 1..100),
    ) {
        let rate = rate(count, seconds, burst);
        let start = Instant::now();
        let mut bucket = Bucket::new(rate, start);
        let mut now = start;
        let mut taken = Vec::new();
        for pause in pauses {
            now += Duration::from_nanos(pause);
            let tokens = bucket.tokens(now);
            let drained = drain(&mut bucket, now);
            prop_assert_eq!(tokens, drained);
            taken.push((now, drained));
        }
        let per_nano = f64::from(count) / (seconds as f64 * 1e9);
        for (index, (from, _)) in taken.iter().enumerate() {
            let mut sum = 0;
            for (to, number) in &taken[index..] {
                sum += number;
                let worth = (*to - *from).as_nanos() as f64 * per_nano;
                prop_assert!(f64::from(sum) <= worth + f64::from(burst) + 1e-6);
            }
        }
    }
}

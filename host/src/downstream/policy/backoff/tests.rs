use std::time::Duration;

use super::backoff;
use crate::config;

#[test]
fn doubles_to_the_longest_and_is_spread_over_all_of_it() {
    let retry = config::Retry {
        max: 9,
        backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        methods: vec![],
        statuses: Vec::new(),
        budget: 20,
        min_per_second: 0,
    };
    for (number, longest) in [(0, 100), (1, 200), (3, 800), (4, 1000), (40, 1000)] {
        let longest = Duration::from_millis(longest);
        let waits: Vec<Duration> = (0..500).map(|_| backoff(&retry, number)).collect();
        assert!(waits.iter().all(|wait| *wait <= longest));
        assert!(waits.iter().any(|wait| *wait > longest * 9 / 10));
        assert!(waits.iter().any(|wait| *wait < longest / 10));
    }
}

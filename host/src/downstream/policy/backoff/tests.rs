use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use super::{backoff, retry_after};
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

fn of(value: &'static str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
    // Sun, 06 Nov 1994 08:49:37 GMT.
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    retry_after(&headers, now)
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    assert_eq!(of("120"), Some(Duration::from_secs(120)));
    assert_eq!(of("0"), Some(Duration::ZERO));
    assert_eq!(
        of("99999999999999999999999"),
        Some(Duration::from_secs(u64::MAX))
    );
    assert_eq!(
        of("Sun, 06 Nov 1994 08:50:37 GMT"),
        Some(Duration::from_secs(60))
    );
    assert_eq!(of("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(
        of("Sunday, 06-Nov-94 08:49:47 GMT"),
        Some(Duration::from_secs(10))
    );
    for nonsense in ["", "-1", "+5", "1.5", "soon", "1 2"] {
        assert_eq!(of(nonsense), None, "{nonsense:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
}

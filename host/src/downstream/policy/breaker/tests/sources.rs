//! One path or one BFF does not open the breaker for all.

use tokio::time::Instant;

use super::super::{Breaker, Change, OpenReason, Source};
use super::{FAST, pass, settings};

/// Lets a call of this source through, which ends like this.
fn end(breaker: &Breaker, now: Instant, source: Source, failed: bool) -> Option<Change> {
    let pass = breaker.admit(now, source, true).expect("it is closed");
    match failed {
        true => pass.failed(now, FAST),
        false => pass.succeeded(now, FAST),
    }
}

#[test]
fn a_path_that_fails_shuts_no_other_off() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    let (poison, other, another) = (Source::new(1, 0), Source::new(2, 0), Source::new(3, 0));
    for _ in 0..10 {
        assert_eq!(end(&breaker, now, other, false), None);
    }
    for _ in 0..100 {
        assert_eq!(end(&breaker, now, poison, true), None);
    }
    // A few failures of others are no more than noise.
    assert_eq!(end(&breaker, now, another, true), None);
    // Once a quarter of the other calls fails, it is the service.
    assert_eq!(end(&breaker, now, another, true), None);
    assert_eq!(end(&breaker, now, other, true), None);
    let change = end(&breaker, now, other, true);
    assert!(
        matches!(
            change,
            Some(Change::Opened {
                why: OpenReason::Failed { .. },
                ..
            })
        ),
        "{change:?}"
    );
}

#[test]
fn a_bff_whose_calls_fail_shuts_no_other_off() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    assert_eq!(end(&breaker, now, Source::new(0, 1), false), None);
    for path in 0..100 {
        assert_eq!(end(&breaker, now, Source::new(path, 0), true), None);
    }
    let change = end(&breaker, now, Source::new(0, 1), true);
    assert!(matches!(change, Some(Change::Opened { .. })), "{change:?}");
}

#[test]
fn a_service_that_takes_no_connection_is_no_matter_of_a_path() {
    let breaker = Breaker::new(settings());
    let now = Instant::now();
    for _ in 0..3 {
        assert_eq!(end(&breaker, now, Source::new(2, 1), false), None);
    }
    for _ in 0..2 {
        assert_eq!(pass(&breaker, now).failed_unsent(now, FAST), None);
    }
    let change = pass(&breaker, now).failed_unsent(now, FAST);
    assert!(matches!(change, Some(Change::Opened { .. })), "{change:?}");
}

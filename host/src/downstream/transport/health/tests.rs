use std::time::Duration;

use super::*;

fn settings() -> config::Health {
    config::Health {
        path: "/health".to_owned(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(1),
        unhealthy_after: 3,
        healthy_after: 2,
    }
}

#[test]
fn outcomes_in_a_row_change_the_state() {
    let mut thresholds = Thresholds::default();
    // What each check found, and whether the endpoint is good after it.
    for (step, (found, good)) in [
        (false, true),
        (false, true),
        (true, true),
        (false, true),
        (false, true),
        (false, false),
        (false, false),
        (true, false),
        (false, false),
        (true, false),
        (true, true),
        (false, true),
        (false, true),
        (false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let before = thresholds.bad;
        let changed = thresholds.count(found, &settings());
        assert_eq!(thresholds.bad, !good, "step {step}");
        assert_eq!(changed, before != thresholds.bad, "step {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn checks_are_due_after_the_interval_and_one_at_a_time() {
    let health = Health::new(settings());
    assert!(health.due(Instant::now()), "the first one at once");
    tokio::time::advance(Duration::from_secs(20)).await;
    assert!(!health.due(Instant::now()), "one is under way");
    assert!(!health.ended(Err("status 500".to_owned())));
    assert!(health.due(Instant::now()));
    health.ended(Ok(()));
    assert!(!health.due(Instant::now()));
    assert!(health.good());
    assert_eq!(health.why(), "status 500");
}

//! Trials in the journal.

use std::time::SystemTime;

use serde_json::json;

use super::*;
use crate::canary::Plan;

fn canary() -> Outcome {
    Outcome::Canary {
        expect_live: None,
        reach: Reach::default(),
        canary: NewCanary {
            plan: Plan::default(),
            salt: [7; 16],
        },
    }
}

fn ordered() -> Ordered {
    Ordered {
        actor: "local".to_owned(),
        key: None,
    }
}

fn hold(reason: Option<&str>) -> CanaryChange {
    CanaryChange::Pause {
        reason: reason.map(str::to_owned),
        order: ordered(),
    }
}

fn back(holds: bool) -> CanaryChange {
    CanaryChange::Back {
        reason: "traps".to_owned(),
        evidence: json!(null),
        holds,
        flapping: 3_600_000,
    }
}

impl Place {
    /// Begins the trial of a component.
    fn try_out(&self, text: &str) -> (i64, String) {
        let digest = self.store(text);
        let number = self.begin(&digest);
        self.releases.finish(number, &canary()).unwrap();
        (number, digest)
    }

    fn change(&self, change: &CanaryChange) -> Result<Appended, StoreError> {
        let now = SystemTime::now();
        self.releases.change_canary("page", None, change, now)
    }

    fn canary(&self) -> Option<Canary> {
        let live = self.releases.recorded().unwrap().remove("page");
        live.unwrap().unwrap().canary
    }
}

#[test]
fn a_release_that_waited_while_a_rule_rolled_its_component_back_is_refused() {
    let place = Place::new();
    let (_, one) = place.go_live("one");
    let digest = place.store("two");
    // Two jobs send the same component, and the second one waits for the first.
    let (first, second, third) = (
        place.begin(&digest),
        place.begin(&digest),
        place.begin(&digest),
    );
    place.releases.finish(first, &canary()).unwrap();
    place.change(&back(true)).unwrap();
    for (number, outcome) in [(second, live()), (third, canary())] {
        let error = place.releases.finish(number, &outcome).unwrap_err();
        let StoreError::Held { release, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(release, first);
    }
    assert_eq!(place.live().unwrap().0, one);
    assert_eq!(place.canary(), None);
}

#[test]
fn what_is_held_is_neither_promoted_nor_given_a_greater_share_by_its_gate() {
    let place = Place::new();
    place.go_live("one");
    let (number, two) = place.try_out("two");
    let advance = CanaryChange::Advance {
        from: 0,
        evidence: json!(null),
    };
    let promote = |order| CanaryChange::Promote {
        reason: None,
        evidence: json!(null),
        order,
    };
    // The gate has decided, and somebody was faster.
    place.change(&hold(Some("until tomorrow"))).unwrap();
    for change in [&advance, &promote(None)] {
        let error = place.change(change).unwrap_err();
        assert!(
            error.to_string().contains("its share is held"),
            "{change:?}: {error}"
        );
    }
    assert_eq!(place.canary().unwrap().step, 0);
    place.change(&hold(None)).unwrap();
    place.change(&advance).unwrap();
    assert_eq!(place.canary().unwrap().step, 1);
    // What another host has done is done once.
    place.change(&advance).unwrap();
    assert_eq!(place.canary().unwrap().step, 1);
    // Somebody may promote it also then.
    place.change(&hold(Some("until tomorrow"))).unwrap();
    let promoted = place.change(&promote(Some(ordered()))).unwrap();
    assert_eq!(promoted, Appended::New(number));
    assert_eq!(place.live().unwrap().0, two);
}

#[test]
fn the_time_for_which_a_share_is_held_does_not_count() {
    let place = Place::new();
    place.go_live("one");
    place.try_out("two");
    place.change(&hold(Some("until tomorrow"))).unwrap();
    place.sql("UPDATE canary SET began = began - 30 * 24 * 3600 * 1000");
    let hour = Duration::from_secs(3600);
    let lasted = || SystemTime::now().duration_since(place.canary().unwrap().began);
    assert!(lasted().unwrap() > hour);
    place.change(&hold(None)).unwrap();
    assert!(lasted().unwrap_or_default() < hour);
}

#[test]
fn the_automation_is_switched_on_again_with_and_without_a_trial() {
    let place = Place::new();
    let (one, _) = place.go_live("one");
    let off = |text: &str| {
        place.try_out(text);
        place.change(&back(false)).unwrap();
        for end in ["first", "second"] {
            place.try_out(&format!("{text} {end}"));
            place.change(&back(true)).unwrap();
        }
    };
    let is_held = |text: &str| {
        place.try_out(text);
        place.canary().unwrap().paused.is_some()
    };
    off("bad");
    assert!(is_held("two"));
    place.change(&hold(None)).unwrap();
    assert!(!is_held("three"));
    place.change(&back(false)).unwrap();
    let none = place.change(&hold(None)).unwrap_err();
    assert!(
        none.to_string().contains("no release is on trial"),
        "{none}"
    );
    off("worse");
    // It is the automation of this release's BFF.
    let (other, now) = (Some(99), SystemTime::now());
    let wanted = place
        .releases
        .change_canary("page", other, &hold(None), now);
    assert!(wanted.is_err());
    assert_eq!(place.change(&hold(None)).unwrap(), Appended::New(one));
    assert!(!is_held("four"));
}

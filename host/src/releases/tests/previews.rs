//! Previews in the journal.

use super::*;

fn named(name: &str, lifetime: Duration) -> NewPreview {
    NewPreview {
        name: name.to_owned(),
        lifetime,
        most: 2,
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Place {
    fn begin_preview(&self, text: &str, preview: &NewPreview) -> Result<i64, StoreError> {
        let digest = self.store(text);
        let release = NewRelease {
            kind: Kind::Preview,
            preview: Some(preview.clone()),
            ..new(&digest)
        };
        match self.releases.append(&release)? {
            Appended::New(number) | Appended::Known(number) => Ok(number),
        }
    }

    fn show(&self, number: i64, preview: &NewPreview) -> Result<(), StoreError> {
        let outcome = Outcome::Preview {
            reach: Reach::default(),
            preview: preview.clone(),
        };
        self.releases.finish(number, &outcome)
    }

    fn preview(&self, text: &str, preview: &NewPreview) -> i64 {
        let number = self.begin_preview(text, preview).unwrap();
        self.show(number, preview).unwrap();
        number
    }

    fn names(&self) -> Vec<(String, i64)> {
        let previews = self.releases.previews("page").unwrap().names.into_iter();
        previews.map(|it| (it.name, it.release)).collect()
    }

    fn state(&self, number: i64) -> State {
        self.releases.get(number).unwrap().unwrap().state
    }
}

fn aborted(reason: &str) -> State {
    let reason = reason.to_owned();
    State::Aborted { reason }
}

#[test]
fn a_name_is_that_of_the_latest_release_also_where_an_earlier_one_is_proven_later() {
    let place = Place::new();
    let preview = named("pr-1", DAY);
    let first = place.begin_preview("one", &preview).unwrap();
    let second = place.preview("two", &preview);
    let late = place.show(first, &preview).unwrap_err();
    assert!(matches!(late, StoreError::Superseded { by, .. } if by == second));
    assert_eq!(place.names(), [("pr-1".to_owned(), second)]);
    let third = place.preview("three", &preview);
    assert_eq!(place.state(second), aborted("release 3 took its name"));
    let name = "pr-1".to_owned();
    assert_eq!(place.state(third), State::Previewed { name });
    // It lasts over a restart, and what is live is another matter.
    let place = place.again();
    assert_eq!(place.names(), [("pr-1".to_owned(), third)]);
    assert_eq!(place.live(), None);
}

#[test]
fn there_is_room_for_as_many_names_as_the_operator_says() {
    let place = Place::new();
    place.preview("one", &named("pr-1", DAY));
    place.preview("two", &named("pr-2", Duration::ZERO));
    // The second has ended with its time.
    place.preview("three", &named("pr-3", DAY));
    let full = place
        .begin_preview("four", &named("pr-4", DAY))
        .unwrap_err();
    assert!(matches!(full, StoreError::TooManyPreviews { most: 2, .. }));
    place.preview("five", &named("pr-3", DAY));
    let ended = place.releases.end_preview("page", "pr-1", "local").unwrap();
    assert_eq!(ended, Some(1));
    assert_eq!(place.state(1), aborted("its preview was ended"));
    assert_eq!(
        place.releases.end_preview("page", "pr-1", "local").unwrap(),
        None
    );
    assert_eq!(
        place.releases.end_preview("other", "pr-3", "x").unwrap(),
        None
    );
    place.preview("four", &named("pr-4", DAY));
}

#[test]
fn what_is_previewed_is_kept_and_what_has_expired_is_not() {
    let place = Place::new();
    let kept = place.preview("kept", &named("pr-1", DAY));
    let expired = place.preview("expired", &named("pr-2", Duration::ZERO));
    let proven = |text: &str| {
        let digest = hex(text.as_bytes());
        let proven = place.releases.previews("page").unwrap().proven;
        proven.contains(&digest)
    };
    assert!(proven("kept") && proven("expired") && !proven("five"));
    place.releases.tidy(20);
    assert_eq!(
        place.state(expired),
        aborted("the time of its preview is over")
    );
    for text in ["two", "three", "four", "five"] {
        place.go_live(text);
    }
    for text in ["six", "seven"] {
        place.preview(text, &named("pr-3", DAY));
    }
    place.releases.tidy(2);
    assert!(place.releases.get(expired).unwrap().is_none());
    let name = "pr-1".to_owned();
    assert_eq!(place.state(kept), State::Previewed { name });
    let digest = hex(b"kept");
    assert_eq!(place.releases.read(&digest, 100).unwrap(), b"kept");
    assert!(!proven("expired") && proven("five"));
}

#[test]
fn previews_are_in_the_way_of_no_release_and_push_none_out() {
    let place = Place::new();
    let (first, live) = place.go_live("one");
    let many = NewPreview {
        most: 100,
        ..named("pr-1", DAY)
    };
    // As many under way as may be, and one more.
    for nth in 0..8 {
        place
            .begin_preview(&format!("preview {nth}"), &many)
            .unwrap();
    }
    let busy = place.begin_preview("preview 8", &many).unwrap_err();
    assert!(matches!(busy, StoreError::Busy { waiting: 8, .. }));
    let release = NewRelease {
        expect_live: Some(Some(live.clone())),
        ..new(&place.store("two"))
    };
    let Appended::New(second) = place.releases.append(&release).unwrap() else {
        panic!("it is known");
    };
    place.releases.finish(second, &live_as(&live)).unwrap();
    for number in 2..10 {
        place.show(number, &many).unwrap();
    }
    place.releases.tidy(2);
    let kept = place.states().into_iter().map(|(number, _)| number);
    // Two previews, and two releases.
    assert_eq!(kept.collect::<Vec<_>>(), [second, 9, 8, first]);
}

fn live_as(expected: &str) -> Outcome {
    Outcome::Live {
        expect_live: Some(Some(expected.to_owned())),
        reach: Reach::default(),
    }
}

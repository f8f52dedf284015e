use super::*;

#[test]
fn an_upload_that_is_cut_or_has_another_digest_leaves_nothing() {
    let place = Place::new();
    let digest = hex(b"one");
    let cut = place.releases.store(&digest, [Part::Bytes("one".into())]);
    assert!(matches!(cut, Err(StoreError::Cut)));
    let other = place.put(&digest, b"two");
    assert!(matches!(other, Err(StoreError::OtherDigest { .. })));
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 0);
}

#[test]
fn events_are_told_in_their_order_from_any_one_on() {
    let place = Place::new();
    assert_eq!(place.releases.newest_event().unwrap(), 0);
    let happened = place.releases.happened();
    let (one, digest) = place.go_live("one");
    assert!(happened.has_changed().unwrap());
    let two = place.begin(&place.store("two"));
    let refused = Outcome::Refused {
        step: "smoke".to_owned(),
        reason: "no".to_owned(),
        growth: None,
    };
    place.releases.finish(two, &refused).unwrap();
    let events = place.releases.events(0, 10).unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|it| (it.release, it.state.name()))
        .collect();
    assert_eq!(
        told,
        [
            (one, "proving"),
            (one, "live"),
            (two, "proving"),
            (two, "refused")
        ]
    );
    assert_eq!((&*events[1].digest, &*events[1].bff), (&*digest, "page"));
    let rest = place.releases.events(events[1].number, 1).unwrap();
    assert_eq!(rest, events[2..3]);
    assert_eq!(place.releases.newest_event().unwrap(), events[3].number);
}

//! Who signed a component, and that what was live once stays known.

use super::*;
use crate::signature::Signed;

#[test]
fn who_signed_a_release_is_in_its_row_and_not_in_that_of_another() {
    let place = Place::new();
    let (one, digest) = place.go_live("one");
    let (two, _) = place.go_live("two");
    let signed = Signed {
        signer: "331AB616D880462F".to_owned(),
        comment: "bff=page commit=abc".to_owned(),
    };
    place.releases.signed(two, &signed).unwrap();
    // A journal that was moved away has no such release.
    place.releases.signed(99, &signed).unwrap();
    let place = place.again();
    let of = |number| place.releases.get(number).unwrap().unwrap().signed;
    assert_eq!((of(one), of(two)), (None, Some(signed)));
    // A rollback is none of the component's signature.
    let back = NewRelease {
        kind: Kind::Rollback,
        ..new(&digest)
    };
    let Appended::New(back) = place.releases.record(&back, SystemTime::now()).unwrap() else {
        panic!("it is known");
    };
    assert_eq!(of(back), None);
}

#[test]
fn what_was_live_once_is_known_when_its_release_is_kept_no_longer() {
    let place = Place::new();
    let (one, first) = place.go_live("one");
    let never = place.store("never");
    place.begin(&never);
    for text in ["two", "three", "four"] {
        place.go_live(text);
    }
    place.releases.tidy(2);
    assert!(place.releases.get(one).unwrap().is_none());
    let last = |bff: &str, digest: &str| place.releases.last_live(bff, digest).unwrap();
    assert_eq!(last("page", &first), Some(one));
    assert_eq!(last("other", &first), None);
    assert_eq!(last("page", &never), None);
    place.store("one");
    let (again, _) = place.go_live("one");
    assert_eq!(last("page", &first), Some(again));
}

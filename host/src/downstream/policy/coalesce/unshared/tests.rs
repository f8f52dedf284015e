use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_is_known_for_a_while() {
    let now = Instant::now();
    let unshared = Unshared::new(now);
    assert!(!unshared.contains(7, now));
    unshared.insert(7, now + SECOND);
    assert!(unshared.contains(7, now));
    assert!(unshared.contains(7, now + SECOND - Duration::from_millis(1)));
    assert!(!unshared.contains(7, now + SECOND));
    unshared.insert(7, now + SECOND * 3);
    assert!(unshared.contains(7, now + SECOND * 2));
    unshared.remove(7);
    assert!(!unshared.contains(7, now + SECOND * 2));
}

#[test]
fn two_calls_in_one_place_are_told_apart() {
    let now = Instant::now();
    let unshared = Unshared::new(now);
    let (one, other) = (7, 7 | 1 << 63);
    unshared.insert(one, now + SECOND);
    assert!(!unshared.contains(other, now));
    unshared.insert(other, now + SECOND);
    assert!(unshared.contains(other, now));
    assert!(!unshared.contains(one, now));
}

#[test]
fn very_many_calls_take_no_more_room() {
    let now = Instant::now();
    let unshared = Unshared::new(now);
    for hash in 0..100_000_u64 {
        unshared.insert(hash.wrapping_mul(0x9e37_79b9_7f4a_7c15), now + SECOND);
    }
    assert_eq!(
        unshared.places.get().map(|places| places.len()),
        Some(PLACES)
    );
}

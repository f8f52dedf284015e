use super::*;

const MIB: usize = 1 << 20;

fn budget(limit: usize) -> (Arc<Budget>, Gauge) {
    let gauge = Gauge::default();
    (Arc::new(Budget::new(limit, gauge.clone())), gauge)
}

/// Takes as much as it gets, piece by piece.
fn fill(held: &mut Held, piece: usize) -> usize {
    while held.grow(piece).is_ok() {}
    held.bytes()
}

fn request(budget: &Arc<Budget>, connection: &Share) -> Held {
    budget.request(connection, &HeaderMap::new()).unwrap()
}

#[test]
fn what_is_dropped_is_there_again() {
    let (budget, gauge) = budget(MIB);
    let (connection, bff) = (Share::default(), Share::default());
    let mut held = request(&budget, &connection);
    held.grow(1000).unwrap();
    held.routed(&bff);
    held.grow(100).unwrap();
    let all = REQUEST + 1100;
    assert_eq!(gauge.get(), i64::try_from(all).unwrap());
    assert_eq!(connection.load(Ordering::Relaxed), all);
    assert_eq!(bff.load(Ordering::Relaxed), all);
    held.shrink(REQUEST);
    assert_eq!(bff.load(Ordering::Relaxed), REQUEST);
    drop(held);
    assert_eq!(gauge.get(), 0);
    assert_eq!(connection.load(Ordering::Relaxed), 0);
    assert_eq!(bff.load(Ordering::Relaxed), 0);
}

#[test]
fn a_refusal_changes_nothing() {
    let (budget, gauge) = budget(MIB);
    let (connection, bff) = (Share::default(), Share::default());
    let mut held = request(&budget, &connection);
    held.routed(&bff);
    for more in [2 * MIB, MIB / 2, MIB / 3, usize::MAX] {
        assert_eq!(held.grow(more), Err(Full), "{more}");
        assert_eq!(held.bytes(), REQUEST);
        assert_eq!(gauge.get(), i64::try_from(REQUEST).unwrap());
        assert_eq!(connection.load(Ordering::Relaxed), REQUEST);
        assert_eq!(bff.load(Ordering::Relaxed), REQUEST);
    }
}

#[test]
fn the_fields_of_a_head_count() {
    let (budget, _) = budget(MIB);
    let mut fields = HeaderMap::new();
    fields.insert("x-name", http::HeaderValue::from_static("0123456789"));
    let held = budget.request(&Share::default(), &fields).unwrap();
    assert_eq!(held.bytes(), REQUEST + 6 + 10);
}

#[test]
fn a_connection_gets_a_fifth_and_a_bff_half() {
    let (budget, gauge) = budget(100 * MIB);
    let bff = Share::default();
    let mut first = request(&budget, &Share::default());
    first.routed(&bff);
    let got = fill(&mut first, MIB / 16);
    assert!((19 * MIB..=20 * MIB).contains(&got), "{got}");
    let mut others: Vec<Held> = (0..40)
        .map(|_| {
            let mut held = request(&budget, &Share::default());
            held.routed(&bff);
            fill(&mut held, MIB / 16);
            held
        })
        .collect();
    let of_bff = bff.load(Ordering::Relaxed);
    assert!((45 * MIB..=50 * MIB).contains(&of_bff), "{of_bff}");
    // Whoever comes then still gets a little, and another BFF gets much.
    let mut late = request(&budget, &Share::default());
    late.routed(&bff);
    late.grow(4 << 10).unwrap();
    let mut elsewhere = request(&budget, &Share::default());
    elsewhere.routed(&Share::default());
    let got = fill(&mut elsewhere, MIB / 16);
    assert!(got > 9 * MIB, "{got}");
    others.clear();
    drop((first, late, elsewhere));
    assert_eq!(gauge.get(), 0);
}

#[test]
fn many_streams_of_a_connection_are_bounded() {
    let (budget, _) = budget(4 * MIB);
    let connection = Share::default();
    let held: Vec<Held> =
        std::iter::from_fn(|| budget.request(&connection, &HeaderMap::new()).ok()).collect();
    // A quarter, as no BFF has a part in it.
    assert_eq!(held.len(), MIB / REQUEST);
    assert!(budget.request(&Share::default(), &HeaderMap::new()).is_ok());
}

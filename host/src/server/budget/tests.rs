use super::*;

const MIB: usize = 1 << 20;

fn budget(limit: usize) -> (Arc<Budget>, Gauge) {
    let gauge = Gauge::default();
    (Arc::new(Budget::new(limit, gauge.clone())), gauge)
}

/// Takes as much as it gets, piece by piece.
fn fill(held: &mut HeldBytes, piece: usize) -> usize {
    while held.grow(piece).is_ok() {}
    held.bytes()
}

fn request(budget: &Arc<Budget>, connection: &Share) -> HeldBytes {
    budget.request(connection, &HeaderMap::new()).unwrap()
}

#[test]
fn what_is_dropped_is_there_again() {
    let (budget, gauge) = budget(MIB);
    let (connection, bff) = (Share::default(), Share::default());
    let mut held = request(&budget, &connection);
    held.grow(1000).unwrap();
    held.routed(&bff).unwrap();
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
    held.routed(&bff).unwrap();
    for more in [2 * MIB, MIB / 2, MIB / 4, usize::MAX] {
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

/// A request of a new connection that takes what it gets.
fn greedy(budget: &Arc<Budget>, bff: &Share) -> HeldBytes {
    let mut held = request(budget, &Share::default());
    held.routed(bff).unwrap();
    fill(&mut held, 4 << 10);
    held
}

#[test]
fn a_connection_gets_a_fifth_and_a_bff_half() {
    let (budget, gauge) = budget(100 * MIB);
    let bff = Share::default();
    let first = greedy(&budget, &bff);
    assert!((18 * MIB..20 * MIB).contains(&first.bytes()));
    let others: Vec<HeldBytes> = (0..20).map(|_| greedy(&budget, &bff)).collect();
    let of_bff = bff.load(Ordering::Relaxed);
    assert!((45 * MIB..=50 * MIB).contains(&of_bff), "{of_bff}");
    // The other half stays free for others.
    let elsewhere = greedy(&budget, &Share::default());
    assert!(elsewhere.bytes() > 12 * MIB);
    drop((first, others, elsewhere));
    assert_eq!(gauge.get(), 0);
}

#[test]
fn the_greedy_leave_room_for_small_requests() {
    let (budget, _) = budget(256 * MIB);
    let bff = Share::default();
    let mut all = Vec::new();
    for count in 0..90 {
        all.push(greedy(&budget, &bff));
        let mut late = request(&budget, &Share::default());
        late.routed(&bff).unwrap();
        assert_eq!(late.grow(4 << 10), Ok(()), "after {count}");
    }
}

#[test]
fn what_belongs_to_no_bff_takes_nothing_from_one() {
    let (budget, _) = budget(16 * MIB);
    let bff = Share::default();
    // Requests that were refused before a BFF was chosen, and whose answers are not read.
    let others: Vec<Vec<HeldBytes>> = (0..8)
        .map(|_| {
            let connection = Share::default();
            std::iter::from_fn(|| budget.request(&connection, &HeaderMap::new()).ok()).collect()
        })
        .collect();
    let mut held = request(&budget, &Share::default());
    held.routed(&bff).unwrap();
    let got = fill(&mut held, REQUEST);
    assert!(got > REQUEST, "{got}");
    drop(others);
}

#[test]
fn many_streams_of_a_connection_are_bounded() {
    let (budget, _) = budget(4 * MIB);
    let connection = Share::default();
    let held: Vec<HeldBytes> =
        std::iter::from_fn(|| budget.request(&connection, &HeaderMap::new()).ok()).collect();
    assert!((60..170).contains(&held.len()), "{}", held.len());
    assert!(budget.request(&Share::default(), &HeaderMap::new()).is_ok());
}

#[test]
fn a_connection_holds_a_fifth_of_the_whole_for_one_bff() {
    // As `tailor check` reports, to the hundredth.
    for (hundredths, fits) in [(19, true), (20, false)] {
        let (budget, _) = budget(64 * MIB);
        let (connection, bff) = (Share::default(), Share::default());
        let mut held = request(&budget, &connection);
        held.routed(&bff).unwrap();
        let answer = 64 * MIB / 100 * hundredths;
        assert_eq!(held.grow(answer - REQUEST).is_ok(), fits, "{hundredths}");
    }
}

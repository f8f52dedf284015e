//! Splits by client, where some clients fail with any version.

use super::simulate::{Clients, Day};

fn day(number: usize, broken: f64, traps: f64) -> Day {
    Day {
        errors: [0.001, 0.001],
        traps,
        clients: Some(Clients { number, broken }),
        ..Day::default()
    }
}

#[test]
fn clients_that_any_version_fails_speak_against_none() {
    for (number, broken) in [(2_000, 0.01), (300, 0.02)] {
        let found = day(number, broken, 0.0).runs(100);
        assert!(found.len() <= 4, "{number} clients: {found:?}");
    }
}

#[test]
fn one_trap_in_50_is_found_among_2000_clients_and_among_300() {
    let found = day(2_000, 0.01, 0.02).runs(100);
    assert!(found.len() >= 97, "2,000 clients: {} of 100", found.len());
    let found = day(300, 0.02, 0.02).runs(100);
    assert!(found.len() >= 95, "300 clients: {} of 100", found.len());
}

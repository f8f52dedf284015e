use std::sync::mpsc::channel;
use std::time::Duration;

use super::clock::cpu_ns;
use super::{TICK_NS, Usage};

const LONG_NS: u64 = 3 * TICK_NS;

/// Computes for this long by the CPU clock.
fn compute(ns: u64) {
    let began = cpu_ns();
    while cpu_ns() - began < ns {
        std::hint::spin_loop();
    }
}

fn charged(usage: &Usage) -> u64 {
    u64::try_from(usage.cpu().as_nanos()).unwrap()
}

#[test]
fn a_long_poll_counts_whole_however_many_short_ones_came_before_it() {
    for _ in 0..5 {
        let (short, long) = (Usage::default(), Usage::default());
        for _ in 0..1_000 {
            let began = short.begin();
            short.end(began);
        }
        let began = long.begin();
        compute(LONG_NS);
        long.end(began);
        assert!(charged(&long) >= LONG_NS, "{:?}", long.cpu());
    }
}

#[test]
fn time_without_a_core_counts_for_a_tick_at_most() {
    let before = cpu_ns();
    let usage = Usage::default();
    let began = usage.begin();
    let (_sender, nothing) = channel::<()>();
    let waited = nothing.recv_timeout(Duration::from_nanos(20 * TICK_NS));
    assert!(waited.is_err());
    usage.end(began);
    let used = cpu_ns() - before;
    assert!(charged(&usage) <= used + TICK_NS, "{:?}", usage.cpu());
}

#[test]
fn time_goes_on_from_the_end_of_a_poll() {
    let usage = Usage::default();
    let began = usage.begin();
    usage.end(began);
    compute(LONG_NS);
    let began = usage.go_on();
    usage.end(began);
    assert!(charged(&usage) >= LONG_NS, "{:?}", usage.cpu());
}

//! Runs that wait for nothing.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_run_that_waits_for_nothing_is_told_that_time_has_passed() {
    let tap = Tap::Playing(Player::matching(
        recorded(),
        Duration::from_secs(3),
        Duration::ZERO,
    ));
    let player = tap.player().unwrap();
    assert_eq!(
        [tap.now_ms(|| 0), tap.wall_ns(0), tap.monotonic_ns(0)],
        [5, 8, 9]
    );
    assert_eq!((tap.time_left_ms(0), tap.elapsed_ns(0)), (900, 7));
    assert!(player.has_same_time());
    // The tape tells of one wait that ended.
    assert_eq!(player.polled(2), Some(Some(vec![0])));
    assert_eq!(player.polled(2), None);
    let second = 1_000_000_000;
    for (timer, when) in [
        (1, Timer::After(2 * second)),
        (2, Timer::At(9 + second)),
        (3, Timer::After(9 * second)),
    ] {
        player.timer_begins(timer, when);
    }
    assert_eq!(player.is_timer_over(4), None);
    assert!(player.go_on_to(&[1, 2, 4]));
    let over = |timer| player.is_timer_over(timer);
    assert_eq!([over(1), over(2)], [Some(false), Some(true)]);
    assert!(!player.has_same_time());
    // Past the tape the clocks go on by themselves, too.
    assert!(tap.now_ms(|| 0) >= 1005 && tap.wall_ns(0) >= 8 + second);
    assert_eq!(
        [tap.monotonic_ns(0), tap.elapsed_ns(0)],
        [9 + second, 7 + second]
    );
    assert_eq!(tap.time_left_ms(u32::MAX), 0);
    assert!(player.go_on_to(&[1]));
    assert_eq!(tap.monotonic_ns(0), 9 + 2 * second);
    player.go_on(Duration::from_millis(1));
    player.timer_ends(1);
    assert_eq!(over(1), None);
    // The run would have ended before this wait.
    assert!(!player.go_on_to(&[3]));
    player.is_over().await;
}

#[test]
fn a_run_that_reads_a_clock_once_more_or_less_is_told_another_time() {
    let read = |wall: usize| {
        let tap = Tap::Playing(Player::matching(recorded(), Duration::MAX, Duration::ZERO));
        _ = (tap.now_ms(|| 0), tap.monotonic_ns(0), tap.time_left_ms(0));
        _ = tap.elapsed_ns(0);
        (0..wall).for_each(|_| _ = tap.wall_ns(0));
        tap.player().unwrap().has_same_time()
    };
    assert_eq!([0, 1, 2].map(read), [false, true, false]);
}

#[tokio::test]
async fn a_run_that_asks_to_wait_for_longer_is_not_told_of_the_shorter_wait() {
    let second = 1_000_000_000;
    let mut tape = recorded();
    tape.readings.timers = vec![Timer::After(5), Timer::After(6)];
    tape.readings.wasi.polls = vec![Some(vec![0]), Some(vec![0])];
    tape.readings.wasi.polls_ended = vec![2 * second, 2 * second];
    let play = || {
        let reserve = Duration::from_millis(100);
        let tap = Tap::Playing(Player::matching(
            tape.clone(),
            Duration::from_secs(3),
            reserve,
        ));
        tap.player().unwrap().timer_begins(1, Timer::After(5));
        tap
    };
    let tap = play();
    let player = tap.player().unwrap();
    assert_eq!(player.polled(1), Some(Some(vec![0])));
    player.timer_begins(1, Timer::After(6));
    assert_eq!(player.polled(1), Some(Some(vec![0])));

    let tap = play();
    let player = tap.player().unwrap();
    assert_eq!(player.polled(1), Some(Some(vec![0])));
    // Of its three seconds two have passed.
    player.timer_begins(1, Timer::After(2 * second));
    assert_eq!(player.polled(1), None);
    assert!(!player.go_on_to(&[1]));
    player.is_over().await;

    // Calls end before the run does.
    let tap = play();
    let player = tap.player().unwrap();
    assert_eq!(player.polled(1), Some(Some(vec![0])));
    player.asks_to_wait(Timer::After(60 * second));
    assert_eq!(player.waited(0), None);
    player.go_on(Duration::from_secs(60));
    player.timer_begins(2, Timer::After(second / 20));
    assert!(player.go_on_to(&[2]));
    player.timer_begins(3, Timer::After(second / 10));
    assert!(!player.go_on_to(&[3]));
}

#[test]
fn a_run_that_waits_for_nothing_has_the_time_of_its_own_deadline() {
    let second = 1_000_000_000;
    let mut tape = recorded();
    tape.readings.time_left_ms.clear();
    tape.readings.wasi.polls_ended = vec![2 * second];
    let hour = Duration::from_secs(3600);
    let tap = Tap::Playing(Player::matching(tape, hour, Duration::ZERO));
    let player = tap.player().unwrap();
    // Whatever the machine says.
    let left = tap.time_left_ms(0);
    assert!(left > 0 && left <= 3_600_000, "{left}");
    assert_eq!(player.polled(1), Some(Some(vec![0])));
    player.go_on(Duration::from_secs(8));
    let left = tap.time_left_ms(u32::MAX);
    assert!(left > 0 && left <= 3_590_000, "{left}");
    assert_eq!(player.ahead(), Duration::from_secs(8));
}

#[test]
fn a_clock_goes_on_past_the_tape_for_who_waits_by_it() {
    let tap = Tap::Playing(Player::matching(recorded(), Duration::MAX, Duration::ZERO));
    let first = tap.wall_ns(0);
    // It ends where the clock goes on, and else never.
    while tap.wall_ns(0) < first + 1_000 {}
}

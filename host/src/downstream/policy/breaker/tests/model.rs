//! Any sequence of events, compared with a model that keeps a list of them.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::{Breaker, Change, FIRST_CALLS, Forced, Pass, Position, Source};
use super::{FAST, SLOW, settings};

/// What happens in the model test.
#[derive(Clone, Debug)]
enum Step {
    Admit { full_time: bool, source: Of },
    End { which: usize, how: How, slow: bool },
    HangUp { which: usize },
    Wait { millis: u64 },
    Force(Option<bool>),
}

/// The path and the BFF of a call.
type Of = (u64, usize);

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Good,
    Failed,
    Unsent,
    GivenUp,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        6 => Just(How::Good),
        3 => Just(How::Failed),
        1 => Just(How::Unsent),
        2 => Just(How::GivenUp),
    ];
    prop_oneof![
        8 => (prop::bool::weighted(0.7), 0_u64..3, 0_usize..2)
            .prop_map(|(full_time, path, bff)| Step::Admit { full_time, source: (path, bff) }),
        8 => (any::<usize>(), how, prop::bool::weighted(0.3))
            .prop_map(|(which, how, slow)| Step::End { which, how, slow }),
        1 => any::<usize>().prop_map(|which| Step::HangUp { which }),
        3 => (0_u64..3000).prop_map(|millis| Step::Wait { millis }),
        1 => (6000_u64..12000).prop_map(|millis| Step::Wait { millis }),
        1 => prop::option::of(any::<bool>()).prop_map(Step::Force),
    ]
}

/// A call that counted.
struct Event {
    tick: u64,
    failed: bool,
    slow: bool,
    /// `None` when any other call would have failed as well.
    of: Option<Of>,
}

/// The simple model: a list of events.
struct Model {
    slow_start: Duration,
    events: Vec<Event>,
    state: State,
    /// Changes so far; a call from before the last one counts for nothing.
    era: u32,
    /// But one from the slow start that ended in the present era does.
    slow_start_before: Option<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Closed,
    OpenUntil(Instant),
    HalfOpen,
    Probing,
    ShortProbe,
    SlowStart { room: u32, until: Instant },
    Forced(bool),
}

impl Model {
    fn go(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.slow_start_before = None;
    }

    fn seen(&self, tick: u64) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.tick + 10 > tick)
    }

    fn counts(&self, tick: u64) -> (u32, u32, u32) {
        let count = |keep: fn(&&Event) -> bool| {
            u32::try_from(self.seen(tick).filter(keep).count()).expect("few")
        };
        (
            count(|_| true),
            count(|event| event.failed),
            count(|event| event.slow),
        )
    }

    /// Whether this many of the calls are wrong, and of any others than those of one path or one BFF
    /// half as many.
    fn too_many(&self, tick: u64, wrong: fn(&Event) -> bool, rate: usize) -> bool {
        let holds = |counted: &dyn Fn(&Event) -> bool, rate_of_200: usize| {
            let calls = self.seen(tick).filter(|event| counted(event)).count();
            let wrong = |event: &&Event| counted(event) && wrong(event);
            let wrong = self.seen(tick).filter(wrong).count();
            calls == 0 || wrong > 0 && wrong * 200 >= rate_of_200 * calls
        };
        holds(&|_| true, rate * 2)
            && (0..3).all(|one| holds(&|event| event.of.is_none_or(|(path, _)| path != one), rate))
            && (0..2).all(|one| holds(&|event| event.of.is_none_or(|(_, bff)| bff != one), rate))
    }

    /// Whether a call is let through.
    fn admit(&mut self, now: Instant, full_time: bool) -> bool {
        let lets = match &mut self.state {
            State::Closed | State::HalfOpen => true,
            State::OpenUntil(until) => now >= *until,
            State::Probing => false,
            State::ShortProbe => full_time,
            State::SlowStart { until, .. } if now >= *until => {
                let era = self.era;
                self.go(State::Closed);
                self.slow_start_before = Some(era);
                return true;
            }
            State::SlowStart { room, .. } => {
                let lets = *room > 0;
                *room -= u32::from(lets);
                return lets;
            }
            State::Forced(open) => !*open,
        };
        if lets && !matches!(self.state, State::Closed | State::Forced(_)) {
            self.go(if full_time {
                State::Probing
            } else {
                State::ShortProbe
            });
        }
        lets
    }

    /// What changes when a call of this era counts.
    fn end(&mut self, now: Instant, era: u32, event: Event) -> Option<&'static str> {
        let (tick, wrong) = (event.tick, event.failed || event.slow);
        match self.state {
            State::Closed | State::SlowStart { .. } => {
                self.events.push(event);
                let bad = self.counts(tick).0 >= 4
                    && (self.too_many(tick, |event| event.failed, 50)
                        || self.too_many(tick, |event| event.slow, 75));
                if !(bad && wrong) {
                    self.room(era, 1 + u32::from(!wrong));
                }
                (bad && wrong).then_some("opened")
            }
            State::Forced(_) => {
                self.events.push(event);
                None
            }
            State::Probing | State::ShortProbe if wrong => Some("opened"),
            State::Probing | State::ShortProbe => {
                self.events.clear();
                self.go(match self.slow_start.is_zero() {
                    true => State::Closed,
                    false => State::SlowStart {
                        room: FIRST_CALLS,
                        until: now + self.slow_start,
                    },
                });
                Some("closed")
            }
            State::OpenUntil(_) | State::HalfOpen => None,
        }
    }

    fn counts_era(&self, era: u32) -> bool {
        era == self.era || Some(era) == self.slow_start_before
    }

    fn room(&mut self, era: u32, more: u32) {
        if let State::SlowStart { room, .. } = &mut self.state
            && era == self.era
        {
            *room += more;
        }
    }

    /// A call of this era is dropped.
    fn hang_up(&mut self, era: u32) {
        self.room(era, 1);
        if era == self.era && matches!(self.state, State::Probing | State::ShortProbe) {
            self.go(State::HalfOpen);
        }
    }
}

proptest! {
    #[test]
    fn does_as_the_model(
        slow_start in prop_oneof![Just(0), Just(3000)].prop_map(Duration::from_millis),
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let breaker = Breaker::new(crate::config::Breaker { slow_start, ..settings() });
        let start = breaker.start;
        let mut now = start;
        let mut model = Model {
            slow_start,
            events: Vec::new(),
            state: State::Closed,
            era: 0,
            slow_start_before: None,
        };
        let mut calls: Vec<(u32, Of, Pass<'_>)> = Vec::new();
        for step in steps {
            let tick = u64::try_from((now - start).as_millis() / 1000).expect("short");
            match step {
                Step::Admit { full_time, source: (path, bff) } => {
                    let pass = breaker.admit(now, Source::new(path, bff), full_time);
                    prop_assert_eq!(pass.is_ok(), model.admit(now, full_time));
                    calls.extend(pass.ok().map(|pass| (model.era, (path, bff), pass)));
                }
                Step::End { which, how, slow } if !calls.is_empty() => {
                    let (era, of, pass) = calls.swap_remove(which % calls.len());
                    let took = if slow { SLOW } else { FAST };
                    let change = match how {
                        How::Good => pass.succeeded(now, took),
                        How::Failed => pass.failed(now, took),
                        How::Unsent => pass.failed_unsent(now, took),
                        How::GivenUp => pass.given_up(now, took),
                    };
                    // Given up before it was slow, it is as if its caller had hung up.
                    let counts = how != How::GivenUp || slow;
                    let expected = match (counts, model.counts_era(era)) {
                        (true, true) => {
                            let failed = matches!(how, How::Failed | How::Unsent);
                            let of = (how != How::Unsent).then_some(of);
                            model.end(now, era, Event { tick, failed, slow, of })
                        }
                        (true, false) => None,
                        (false, _) => {
                            model.hang_up(era);
                            None
                        }
                    };
                    match change {
                        None => prop_assert_eq!(expected, None),
                        Some(Change::Closed) => prop_assert_eq!(expected, Some("closed")),
                        Some(Change::Opened { lasts, .. }) => {
                            prop_assert_eq!(expected, Some("opened"));
                            prop_assert!((5000..=6000).contains(&lasts.as_millis()));
                            model.go(State::OpenUntil(now + lasts));
                        }
                    }
                }
                Step::HangUp { which } if !calls.is_empty() => {
                    let (era, _, pass) = calls.swap_remove(which % calls.len());
                    drop(pass);
                    model.hang_up(era);
                }
                Step::End { .. } | Step::HangUp { .. } => {}
                Step::Wait { millis } => now += Duration::from_millis(millis),
                Step::Force(forced) => {
                    breaker.force(forced.map(|open| if open { Forced::Open } else { Forced::Closed }));
                    match forced {
                        Some(open) => model.go(State::Forced(open)),
                        None => {
                            model.events.clear();
                            model.go(State::Closed);
                        }
                    }
                }
            }
            let tick = u64::try_from((now - start).as_millis() / 1000).expect("short");
            let state = breaker.state(now);
            prop_assert_eq!((state.calls, state.failed, state.slow), model.counts(tick));
            let position = match model.state {
                State::Closed | State::SlowStart { .. } | State::Forced(false) => Position::Closed,
                State::Forced(true) => Position::Open,
                State::OpenUntil(until) if now < until => Position::Open,
                State::OpenUntil(_) | State::HalfOpen | State::Probing | State::ShortProbe => Position::HalfOpen,
            };
            prop_assert_eq!(state.position, position);
            prop_assert_eq!(state.forced, matches!(model.state, State::Forced(_)));
        }
    }
}

//! Any sequence of events, compared with a model that keeps a list of them.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::{Breaker, Change, Forced, Pass, Position};
use super::{FAST, SLOW, settings};

/// What happens in the model test.
#[derive(Clone, Debug)]
enum Step {
    Admit {
        patient: bool,
    },
    End {
        which: usize,
        failed: bool,
        slow: bool,
    },
    GiveUp {
        which: usize,
        slow: bool,
    },
    HangUp {
        which: usize,
    },
    Wait {
        millis: u64,
    },
    Force(Option<bool>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::bool::weighted(0.7).prop_map(|patient| Step::Admit { patient }),
        8 => (any::<usize>(), prop::bool::weighted(0.4), prop::bool::weighted(0.3))
            .prop_map(|(which, failed, slow)| Step::End { which, failed, slow }),
        2 => (any::<usize>(), prop::bool::weighted(0.3))
            .prop_map(|(which, slow)| Step::GiveUp { which, slow }),
        1 => any::<usize>().prop_map(|which| Step::HangUp { which }),
        3 => (0_u64..3000).prop_map(|millis| Step::Wait { millis }),
        1 => (6000_u64..12000).prop_map(|millis| Step::Wait { millis }),
        1 => prop::option::of(any::<bool>()).prop_map(Step::Force),
    ]
}

/// The obviously right one: a list of what happened.
struct Model {
    events: Vec<(u64, bool, bool)>,
    place: Place,
    /// Changes so far; a call from before the last one counts for nothing.
    era: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Closed,
    OpenUntil(Instant),
    HalfOpen,
    Probing,
    ShortProbe,
    Forced(bool),
}

impl Model {
    fn go(&mut self, place: Place) {
        self.place = place;
        self.era += 1;
    }

    fn counts(&self, tick: u64) -> (u32, u32, u32) {
        let seen = || self.events.iter().filter(move |event| event.0 + 10 > tick);
        let count = |number: usize| u32::try_from(number).expect("few");
        (
            count(seen().count()),
            count(seen().filter(|event| event.1).count()),
            count(seen().filter(|event| event.2).count()),
        )
    }

    /// Whether it opens.
    fn end(&mut self, tick: u64, failed: bool, slow: bool) -> Option<&'static str> {
        match self.place {
            Place::Closed => {
                self.events.push((tick, failed, slow));
                let (calls, failures, slows) = self.counts(tick);
                let bad = calls >= 4 && (failures * 100 >= calls * 50 || slows * 100 >= calls * 75);
                (bad && (failed || slow)).then_some("opened")
            }
            Place::Forced(_) => {
                self.events.push((tick, failed, slow));
                None
            }
            Place::Probing | Place::ShortProbe if failed || slow => Some("opened"),
            Place::Probing | Place::ShortProbe => {
                self.events.clear();
                self.go(Place::Closed);
                Some("closed")
            }
            Place::OpenUntil(_) | Place::HalfOpen => None,
        }
    }

    /// Holds a change to the expected one, and goes along with it.
    fn check(
        &mut self,
        change: Option<Change>,
        expected: Option<&str>,
        now: Instant,
    ) -> Result<(), TestCaseError> {
        match change {
            None => prop_assert_eq!(expected, None),
            Some(Change::Closed) => prop_assert_eq!(expected, Some("closed")),
            Some(Change::Opened { lasts, .. }) => {
                prop_assert_eq!(expected, Some("opened"));
                prop_assert!((5000..=6000).contains(&lasts.as_millis()));
                self.go(Place::OpenUntil(now + lasts));
            }
        }
        Ok(())
    }

    /// A call of this era ends without a word.
    fn hang_up(&mut self) {
        if matches!(self.place, Place::Probing | Place::ShortProbe) {
            self.go(Place::HalfOpen);
        }
    }
}

proptest! {
    #[test]
    fn does_as_the_model(steps in prop::collection::vec(step(), 1..300)) {
        let breaker = Breaker::new(settings());
        let start = breaker.start;
        let mut now = start;
        let mut model = Model { events: Vec::new(), place: Place::Closed, era: 0 };
        let mut calls: Vec<(u32, Pass<'_>)> = Vec::new();
        for step in steps {
            let tick = u64::try_from((now - start).as_millis() / 1000).expect("short");
            match step {
                Step::Admit { patient } => {
                    let lets = match model.place {
                        Place::Closed | Place::HalfOpen => true,
                        Place::OpenUntil(until) => now >= until,
                        Place::Probing => false,
                        Place::ShortProbe => patient,
                        Place::Forced(open) => !open,
                    };
                    let pass = breaker.admit(now, patient);
                    prop_assert_eq!(pass.is_ok(), lets);
                    if lets && !matches!(model.place, Place::Closed | Place::Forced(_)) {
                        model.go(if patient { Place::Probing } else { Place::ShortProbe });
                    }
                    calls.extend(pass.ok().map(|pass| (model.era, pass)));
                }
                Step::End { which, failed, slow } if !calls.is_empty() => {
                    let (era, pass) = calls.swap_remove(which % calls.len());
                    let took = if slow { SLOW } else { FAST };
                    let expected = if era == model.era { model.end(tick, failed, slow) } else { None };
                    let change = if failed { pass.failed(now, took) } else { pass.succeeded(now, took) };
                    model.check(change, expected, now)?;
                }
                // A call that was slow by then is a slow one; any other is as if its caller had hung up.
                Step::GiveUp { which, slow } if !calls.is_empty() => {
                    let (era, pass) = calls.swap_remove(which % calls.len());
                    let took = if slow { SLOW } else { FAST };
                    let change = pass.given_up(now, took);
                    let expected = if era == model.era && slow { model.end(tick, false, true) } else { None };
                    model.check(change, expected, now)?;
                    if era == model.era && !slow {
                        model.hang_up();
                    }
                }
                Step::HangUp { which } if !calls.is_empty() => {
                    let (era, pass) = calls.swap_remove(which % calls.len());
                    drop(pass);
                    if era == model.era {
                        model.hang_up();
                    }
                }
                Step::End { .. } | Step::GiveUp { .. } | Step::HangUp { .. } => {}
                Step::Wait { millis } => now += Duration::from_millis(millis),
                Step::Force(forced) => {
                    breaker.force(forced.map(|open| if open { Forced::Open } else { Forced::Closed }));
                    match forced {
                        Some(open) => model.go(Place::Forced(open)),
                        None => {
                            model.events.clear();
                            model.go(Place::Closed);
                        }
                    }
                }
            }
            let tick = u64::try_from((now - start).as_millis() / 1000).expect("short");
            let state = breaker.state(now);
            prop_assert_eq!((state.calls, state.failed, state.slow), model.counts(tick));
            let position = match model.place {
                Place::Closed | Place::Forced(false) => Position::Closed,
                Place::Forced(true) => Position::Open,
                Place::OpenUntil(until) if now < until => Position::Open,
                Place::OpenUntil(_) | Place::HalfOpen | Place::Probing | Place::ShortProbe => Position::HalfOpen,
            };
            prop_assert_eq!(state.position, position);
            prop_assert_eq!(state.forced, matches!(model.place, Place::Forced(_)));
        }
    }
}

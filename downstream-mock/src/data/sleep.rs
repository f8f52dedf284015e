//! The `sleep` service: the night that ends on a day, in phases.

use serde::Serialize;

use super::day::Day;
use super::people::Person;
use super::{Purpose, draw};

/// The state of a sleeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Awake,
    Light,
    Deep,
    Rem,
}

/// One night, from lying down to getting up.
pub(crate) struct Night {
    /// Minutes from the midnight with which the day begins; negative for the evening before.
    pub(crate) start: i32,
    /// Contiguous: each phase begins where the one before ends.
    pub(crate) phases: Vec<(Phase, i32)>,
}

/// The figures of a night without its phases.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) date: Day,
    pub(crate) asleep_minutes: i32,
    pub(crate) in_bed_minutes: i32,
    pub(crate) efficiency_percent: i32,
    pub(crate) score: i32,
}

#[derive(Serialize)]
pub(crate) struct NightAnswer {
    user: &'static str,
    date: Day,
    start: String,
    end: String,
    asleep_minutes: i32,
    in_bed_minutes: i32,
    efficiency_percent: i32,
    score: i32,
    phases: Vec<PhaseAnswer>,
}

#[derive(Serialize)]
struct PhaseAnswer {
    phase: Phase,
    start: String,
    minutes: i32,
}

#[derive(Serialize)]
pub(crate) struct NightsAnswer {
    user: &'static str,
    from: Day,
    to: Day,
    nights: Vec<Summary>,
}

pub(crate) fn night_answer(person: &'static Person, date: Day) -> NightAnswer {
    let night = night(person, date);
    let summary = night.summary(person, date);
    let mut minute = night.start;
    let phases = night.phases.iter().map(|&(phase, minutes)| {
        let start = date.at(minute);
        minute += minutes;
        PhaseAnswer {
            phase,
            start,
            minutes,
        }
    });
    NightAnswer {
        user: person.user,
        date,
        phases: phases.collect(),
        start: date.at(night.start),
        end: date.at(night.start + summary.in_bed_minutes),
        asleep_minutes: summary.asleep_minutes,
        in_bed_minutes: summary.in_bed_minutes,
        efficiency_percent: summary.efficiency_percent,
        score: summary.score,
    }
}

pub(crate) fn nights(person: &'static Person, from: Day, to: Day) -> NightsAnswer {
    let nights = (0..=to.number() - from.number())
        .map(|offset| summary(person, from.plus(offset)))
        .collect();
    NightsAnswer {
        user: person.user,
        from,
        to,
        nights,
    }
}

pub(crate) fn summary(person: &Person, date: Day) -> Summary {
    night(person, date).summary(person, date)
}

/// Builds a night of five or six cycles of about 90 minutes. Deep sleep comes early, dreams come
/// late, and the sleeper stirs once in each cycle.
pub(crate) fn night(person: &Person, date: Day) -> Night {
    let free_day = date.weekday() >= 5;
    let late = if free_day { 45 } else { 0 };
    let start = person.bedtime + late + draw(Purpose::Bedtime, person, date, 0, -35, 35);
    let longer = if free_day { 25 } else { 0 };
    let in_bed = person.in_bed + longer + draw(Purpose::InBed, person, date, 0, -45, 35);

    let falling_asleep = draw(Purpose::FallAsleep, person, date, 0, 3, 14);
    let lying_in = draw(Purpose::LieIn, person, date, 0, 2, 9);
    let between = in_bed - falling_asleep - lying_in;
    let cycles = ((between + 45) / 90).clamp(5, 6);

    // About every fourth night is a restless one.
    let restless = draw(Purpose::Restless, person, date, 0, 0, 3) == 0;
    let longest_stir = if restless { 13 } else { 4 };

    let mut phases = vec![(Phase::Awake, falling_asleep)];
    for cycle in 0..cycles {
        let length = between * (cycle + 1) / cycles - between * cycle / cycles;
        let stir = draw(Purpose::Stir, person, date, cycle, 1, longest_stir);
        let deep = length * (38 - 6 * cycle).max(5) / 100
            + draw(Purpose::Deep, person, date, cycle, -3, 3);
        let rem = length * (12 + 5 * cycle) / 100 + draw(Purpose::Rem, person, date, cycle, -4, 4);
        let light = length - stir - deep - rem;
        phases.extend([
            (Phase::Light, light / 3),
            (Phase::Deep, deep),
            (Phase::Light, light / 3),
            (Phase::Awake, stir),
            (Phase::Light, light - 2 * (light / 3)),
            (Phase::Rem, rem),
        ]);
    }
    phases.push((Phase::Awake, lying_in));
    Night { start, phases }
}

impl Night {
    /// Minutes spent in a phase.
    pub(crate) fn minutes(&self, phase: Phase) -> i32 {
        self.phases
            .iter()
            .filter(|(of, _)| *of == phase)
            .map(|(_, minutes)| minutes)
            .sum()
    }

    fn summary(&self, person: &Person, date: Day) -> Summary {
        let in_bed_minutes: i32 = self.phases.iter().map(|(_, minutes)| minutes).sum();
        let asleep_minutes = in_bed_minutes - self.minutes(Phase::Awake);
        let efficiency_percent = asleep_minutes * 100 / in_bed_minutes;
        let enough = (asleep_minutes * 100 / person.goals.sleep_minutes).min(100);
        let deep_and_rem = self.minutes(Phase::Deep) + self.minutes(Phase::Rem);
        let restful = (deep_and_rem * 200 / asleep_minutes).min(100);
        Summary {
            date,
            asleep_minutes,
            in_bed_minutes,
            efficiency_percent,
            score: (enough * 5 + efficiency_percent * 2 + restful * 3) / 10,
        }
    }
}

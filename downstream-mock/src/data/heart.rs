//! The `heart` service: a sample each five minutes, and what follows from the samples. Nights
//! follow the `sleep` service and hours of walking follow the `activity` service.

use serde::Serialize;

use super::day::{DAY_MINUTES, Day};
use super::people::Person;
use super::sleep::{Night, Phase};
use super::{Purpose, activity, draw, sleep};

/// Minutes from one sample to the next.
const STEP_MINUTES: i32 = 5;
/// Samples of a day.
const SAMPLES: usize = 288;

/// The figures of a day without its samples.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    date: Day,
    resting_bpm: i32,
    min_bpm: i32,
    max_bpm: i32,
    average_bpm: i32,
}

#[derive(Serialize)]
pub(crate) struct DayAnswer {
    user: &'static str,
    date: Day,
    latest: Sample,
    resting_bpm: i32,
    min_bpm: i32,
    max_bpm: i32,
    average_bpm: i32,
    zones: [Zone; 4],
    samples: Vec<Sample>,
}

#[derive(Serialize)]
struct Sample {
    at: String,
    bpm: i32,
}

#[derive(Serialize)]
struct Zone {
    name: &'static str,
    from_bpm: i32,
    to_bpm: i32,
    minutes: i32,
}

#[derive(Serialize)]
pub(crate) struct DaysAnswer {
    user: &'static str,
    from: Day,
    to: Day,
    days: Vec<Summary>,
}

pub(crate) fn day(person: &'static Person, date: Day) -> DayAnswer {
    let series = series(person, date);
    let summary = summary(person, date, &series);
    let sample = |(slot, bpm): (i32, &i32)| Sample {
        at: date.at(slot * STEP_MINUTES),
        bpm: *bpm,
    };
    DayAnswer {
        user: person.user,
        date,
        latest: Sample {
            at: date.at(DAY_MINUTES - STEP_MINUTES),
            bpm: series[SAMPLES - 1],
        },
        resting_bpm: summary.resting_bpm,
        min_bpm: summary.min_bpm,
        max_bpm: summary.max_bpm,
        average_bpm: summary.average_bpm,
        zones: zones(person, date, &series),
        samples: (0..).zip(&series).map(sample).collect(),
    }
}

pub(crate) fn days(person: &'static Person, from: Day, to: Day) -> DaysAnswer {
    let days = (0..=to.number() - from.number()).map(|offset| {
        let date = from.plus(offset);
        summary(person, date, &series(person, date))
    });
    DaysAnswer {
        user: person.user,
        from,
        to,
        days: days.collect(),
    }
}

fn resting_bpm(person: &Person, date: Day) -> i32 {
    person.resting_bpm + draw(Purpose::Resting, person, date, 0, -2, 3)
}

fn summary(person: &Person, date: Day, series: &[i32; SAMPLES]) -> Summary {
    let count = i32::try_from(SAMPLES).expect("288 fits");
    Summary {
        date,
        resting_bpm: resting_bpm(person, date),
        min_bpm: *series.iter().min().expect("there are 288 samples"),
        max_bpm: *series.iter().max().expect("there are 288 samples"),
        average_bpm: (series.iter().sum::<i32>() + count / 2) / count,
    }
}

/// The highest rate to be expected at the person's age.
fn highest_bpm(person: &Person, date: Day) -> i32 {
    220 - (date.civil().0 - person.birth_year)
}

/// Each zone includes its lower bound and excludes its upper one; together they cover the whole
/// day.
fn zones(person: &Person, date: Day, series: &[i32; SAMPLES]) -> [Zone; 4] {
    let highest = highest_bpm(person, date);
    let bounds = [
        0,
        highest * 50 / 100,
        highest * 70 / 100,
        highest * 85 / 100,
        220,
    ];
    let names = ["rest", "fat_burn", "cardio", "peak"];
    std::array::from_fn(|index| {
        let (from_bpm, to_bpm) = (bounds[index], bounds[index + 1]);
        let inside = series
            .iter()
            .filter(|bpm| (from_bpm..to_bpm).contains(*bpm))
            .count();
        let minutes = i32::try_from(inside).expect("at most 288") * STEP_MINUTES;
        Zone {
            name: names[index],
            from_bpm,
            to_bpm,
            minutes,
        }
    })
}

fn series(person: &Person, date: Day) -> [i32; SAMPLES] {
    let resting = resting_bpm(person, date);
    let totals = activity::totals(person, date);
    let hourly = activity::hourly_steps(person, date, totals.steps);
    let tonight = sleep::night(person, date.plus(1));
    let mut phases = [None; SAMPLES];
    mark(&mut phases, &sleep::night(person, date), 0);
    mark(&mut phases, &tonight, DAY_MINUTES);

    let busiest = (0..24)
        .max_by_key(|hour| hourly[*hour])
        .expect("a day has hours");
    // About two thirds of the active minutes are one workout, which begins with the busiest hour.
    let first = busiest * 12;
    let workout = first
        ..first
            + usize::try_from(totals.active_minutes * 2 / 15).expect("minutes are not negative");

    std::array::from_fn(|slot| {
        let index = i32::try_from(slot).expect("288 fits");
        // The mean of two neighbours moves more slowly than single draws do.
        let noise = |width| {
            let here = draw(Purpose::Sample, person, date, index, 0, width);
            (here + draw(Purpose::Sample, person, date, index + 1, 0, width)) / 2
        };
        match phases[slot] {
            Some(Phase::Deep) => resting - 7 + noise(3),
            Some(Phase::Light) => resting - 3 + noise(4),
            Some(Phase::Rem) => resting + noise(7),
            Some(Phase::Awake) => resting + 4 + noise(8),
            None if workout.contains(&slot) => {
                // The rate climbs for a quarter of an hour and then stays.
                let climbed = i32::try_from((slot - first).min(3)).expect("at most 3");
                let highest = highest_bpm(person, date);
                highest * (58 + 8 * climbed) / 100 + noise(16)
            }
            None => resting + 8 + noise(12) + hourly[slot / 12] / 45,
        }
    })
}

/// Notes the phase in which each sample of a day falls. `offset` is where the night's own midnight
/// lies in the day.
fn mark(phases: &mut [Option<Phase>; SAMPLES], night: &Night, offset: i32) {
    let mut end = night.start + offset;
    let mut slot = end.max(0).div_euclid(STEP_MINUTES) + i32::from(end.max(0) % STEP_MINUTES != 0);
    for (phase, minutes) in &night.phases {
        end += minutes;
        while slot * STEP_MINUTES < end {
            let Some(entry) = usize::try_from(slot)
                .ok()
                .and_then(|index| phases.get_mut(index))
            else {
                return;
            };
            *entry = Some(*phase);
            slot += 1;
        }
    }
}

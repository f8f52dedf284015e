//! The `activity` service: steps and what follows from them, by day.

use serde::Serialize;

use super::day::Day;
use super::people::Person;
use super::{Purpose, draw};

/// Where the steps of a day fall for an early riser, midnight to midnight; only the proportions
/// count.
const HOUR_WEIGHTS: [i32; 24] = [
    0, 0, 0, 0, 0, 1, 4, 9, 10, 5, 4, 5, 10, 6, 4, 4, 5, 9, 12, 7, 5, 3, 2, 1,
];

/// Share of a day's sum by month, January first, in percent: more daylight, more walking.
const SEASON: [i32; 12] = [93, 94, 98, 102, 105, 107, 106, 105, 103, 99, 95, 93];

/// The sums of one day.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    pub(crate) date: Day,
    pub(crate) steps: i32,
    pub(crate) distance_m: i32,
    pub(crate) active_minutes: i32,
    pub(crate) calories_kcal: i32,
    pub(crate) floors: i32,
}

#[derive(Serialize)]
pub(crate) struct DayAnswer {
    user: &'static str,
    #[serde(flatten)]
    totals: Totals,
    hourly_steps: [i32; 24],
}

#[derive(Serialize)]
pub(crate) struct DaysAnswer {
    user: &'static str,
    from: Day,
    to: Day,
    days: Vec<Totals>,
}

pub(crate) fn day(person: &'static Person, date: Day) -> DayAnswer {
    let totals = totals(person, date);
    let hourly_steps = hourly_steps(person, date, totals.steps);
    DayAnswer {
        user: person.user,
        totals,
        hourly_steps,
    }
}

pub(crate) fn days(person: &'static Person, from: Day, to: Day) -> DaysAnswer {
    let days = (0..=to.number() - from.number())
        .map(|offset| totals(person, from.plus(offset)))
        .collect();
    DaysAnswer {
        user: person.user,
        from,
        to,
        days,
    }
}

pub(crate) fn totals(person: &Person, date: Day) -> Totals {
    let steps = steps(person, date);
    // A step is about 41.5 % of the height long.
    let distance_m = steps * (person.height_cm * 415 / 1_000) / 100;
    let pace = draw(Purpose::ActiveMinutes, person, date, 0, 140, 185);
    let (year, _, _) = date.civil();
    // What the body burns at rest, after Mifflin and St Jeor without the part that depends on sex.
    let at_rest =
        10 * person.weight_kg + 625 * person.height_cm / 100 - 5 * (year - person.birth_year);
    Totals {
        date,
        steps,
        distance_m,
        active_minutes: steps / pace,
        calories_kcal: at_rest * 12 / 10 + steps * person.weight_kg / 1_700,
        floors: steps / 1_100 + draw(Purpose::Floors, person, date, 0, 0, 6),
    }
}

fn steps(person: &Person, date: Day) -> i32 {
    let (_, month, _) = date.civil();
    let season = SEASON[usize::try_from(month - 1).expect("a month is 1 to 12")];
    let level = draw(Purpose::StepsLevel, person, date, 0, 72, 126);
    // About every fourteenth day is spent on the sofa, and about every tenth brings a long walk.
    let kind = match draw(Purpose::StepsKind, person, date, 0, 0, 139) {
        0..=9 => 42,
        10..=23 => 155,
        _ => 100,
    };
    let usual = person.steps * person.week[date.weekday()] / 100;
    usual * season / 100 * level / 100 * kind / 100
}

/// Spreads the steps over the hours. Each hour gets the difference of two rounded running sums, so
/// that nothing is lost to rounding.
pub(crate) fn hourly_steps(person: &Person, date: Day, steps: i32) -> [i32; 24] {
    let mut weights = HOUR_WEIGHTS;
    weights.rotate_right(person.late_hours);
    for (slot, weight) in (0..).zip(&mut weights) {
        *weight *= draw(Purpose::HourWeight, person, date, slot, 45, 155);
    }
    let whole = i64::from(weights.iter().sum::<i32>());
    let mut running = 0;
    let mut given = 0;
    weights.map(|weight| {
        running += i64::from(weight);
        let due = i32::try_from(i64::from(steps) * running / whole)
            .expect("a part of the steps fits as they do");
        let here = due - given;
        given = due;
        here
    })
}

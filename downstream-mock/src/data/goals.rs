//! The `goals` service: a person's targets, and the progress of the day. The figures are those of
//! the `activity` and `sleep` services; percent and "reached" are rules of this service and of no
//! other service.

use serde::Serialize;

use super::day::Day;
use super::people::Person;
use super::{activity, sleep};

#[derive(Serialize)]
pub(crate) struct GoalsAnswer {
    user: &'static str,
    date: Day,
    goals: [Goal; 4],
}

#[derive(Serialize)]
struct Goal {
    id: &'static str,
    title: &'static str,
    target: i32,
    current: i32,
    unit: &'static str,
    progress_percent: i32,
    reached: bool,
}

pub(crate) fn goals(person: &'static Person, date: Day) -> GoalsAnswer {
    let activity = activity::totals(person, date);
    let sleep = sleep::summary(person, date);
    let targets = &person.goals;
    GoalsAnswer {
        user: person.user,
        date,
        goals: [
            goal(
                "steps",
                "Daily steps",
                targets.steps,
                activity.steps,
                "steps",
            ),
            goal(
                "sleep",
                "Sleep",
                targets.sleep_minutes,
                sleep.asleep_minutes,
                "minutes",
            ),
            goal(
                "active",
                "Active minutes",
                targets.active_minutes,
                activity.active_minutes,
                "minutes",
            ),
            goal(
                "distance",
                "Distance",
                targets.distance_m,
                activity.distance_m,
                "m",
            ),
        ],
    }
}

fn goal(
    id: &'static str,
    title: &'static str,
    target: i32,
    current: i32,
    unit: &'static str,
) -> Goal {
    let progress_percent = (current * 100 / target).min(100);
    Goal {
        id,
        title,
        target,
        current,
        unit,
        progress_percent,
        reached: current >= target,
    }
}

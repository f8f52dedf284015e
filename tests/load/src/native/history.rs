//! The history of activity, reduced to what a chart needs, as in `bffs/dashboard`.

use serde::{Deserialize, Serialize};

use super::date::Date;

#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) name: &'static str,
    days: i64,
    days_per_point: i64,
}

impl Range {
    /// The range of this name, the longest without one.
    pub(crate) fn find(name: Option<&str>) -> Option<Self> {
        let (name, days, days_per_point) = match name {
            Some("7d") => ("7d", 7, 1),
            Some("30d") => ("30d", 30, 1),
            Some("90d") | None => ("90d", 90, 3),
            Some(_) => return None,
        };
        Some(Self {
            name,
            days,
            days_per_point,
        })
    }

    /// The first day of the range that ends on `to`.
    pub(crate) fn from(self, to: Date) -> Date {
        to.plus(1 - self.days)
    }
}

#[derive(Serialize)]
pub(crate) struct History {
    from: Date,
    to: Date,
    days_per_point: i64,
    steps: Vec<Option<i64>>,
    distance_m: Vec<Option<i64>>,
    active_minutes: Vec<Option<i64>>,
}

/// What the activity service answers.
#[derive(Deserialize)]
pub(crate) struct Days {
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    date: Date,
    steps: i64,
    distance_m: i64,
    active_minutes: i64,
}

impl History {
    pub(crate) fn new(days: &Days, range: Range, to: Date) -> Self {
        let from = range.from(to);
        let points = |value: fn(&Day) -> i64| points(&days.days, value, from, range);
        Self {
            from,
            to,
            days_per_point: range.days_per_point,
            steps: points(|day| day.steps),
            distance_m: points(|day| day.distance_m),
            active_minutes: points(|day| day.active_minutes),
        }
    }
}

/// The mean of each point's days, rounded to the nearest whole number.
fn points(days: &[Day], value: fn(&Day) -> i64, from: Date, range: Range) -> Vec<Option<i64>> {
    let count = usize::try_from(range.days / range.days_per_point).unwrap_or_default();
    let mut sums = vec![(0_i64, 0_i64); count];
    for day in days {
        let point = (day.date.0 - from.0).div_euclid(range.days_per_point);
        let point = usize::try_from(point).ok();
        if let Some((sum, known)) = point.and_then(|point| sums.get_mut(point)) {
            *sum += value(day);
            *known += 1;
        }
    }
    sums.into_iter()
        .map(|(sum, known)| (known > 0).then(|| (sum + known / 2).div_euclid(known)))
        .collect()
}

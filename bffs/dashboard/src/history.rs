//! The history of activity, reduced to what a chart needs.

use serde::{Deserialize, Serialize};
use tailor_kit::{Date, Fetched, Outcome, Problem, ReadReply, Request};

/// How many days of history are shown.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    name: &'static str,
    days: i64,
    /// No chart has more than 30 points: it is a few hundred pixels wide.
    days_per_point: i64,
}

const RANGES: [Range; 3] = [
    Range {
        name: "7d",
        days: 7,
        days_per_point: 1,
    },
    Range {
        name: "30d",
        days: 30,
        days_per_point: 1,
    },
    Range {
        name: "90d",
        days: 90,
        days_per_point: 3,
    },
];

impl Range {
    /// The range of a request.
    pub(crate) fn asked(request: &Request) -> Result<Range, Problem> {
        let asked = request.query_one_of("range", &RANGES.map(|range| range.name))?;
        let longest = RANGES[RANGES.len() - 1];
        Ok(RANGES
            .into_iter()
            .find(|range| Some(range.name) == asked)
            .unwrap_or(longest))
    }

    /// The value of the parameter.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// The first day of the range that ends on `to`.
    pub(crate) fn from(self, to: Date) -> Date {
        to.plus_days(1 - self.days)
    }
}

/// One value for each point, from the first day to the last; `null` where no day of the point is
/// known.
#[derive(Serialize)]
pub(crate) struct History {
    from: Date,
    to: Date,
    days_per_point: i64,
    steps: Vec<Option<i64>>,
    distance_m: Vec<Option<i64>>,
    active_minutes: Vec<Option<i64>>,
}

#[derive(Deserialize)]
struct Days {
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
    /// The history of the range that ends on `to`, from the answer of the activity service.
    pub(crate) fn read(fetched: &Fetched, range: Range, to: Date) -> Outcome<History> {
        let Days { days } = fetched.json()?;
        let from = range.from(to);
        let points = |value: fn(&Day) -> i64| points(&days, value, from, range);
        Ok(History {
            from,
            to,
            days_per_point: range.days_per_point,
            steps: points(|day| day.steps),
            distance_m: points(|day| day.distance_m),
            active_minutes: points(|day| day.active_minutes),
        })
    }
}

/// The mean of each point's days, rounded to the nearest whole number. Days outside of the range
/// are left out.
fn points(days: &[Day], value: fn(&Day) -> i64, from: Date, range: Range) -> Vec<Option<i64>> {
    let count = usize::try_from(range.days / range.days_per_point).unwrap_or_default();
    let mut sums = vec![(0_i64, 0_i64); count];
    for day in days {
        let point = (day.date.days() - from.days()).div_euclid(range.days_per_point);
        if let Some((sum, known)) = usize::try_from(point)
            .ok()
            .and_then(|point| sums.get_mut(point))
        {
            *sum = sum.saturating_add(value(day));
            *known += 1;
        }
    }
    sums.into_iter()
        .map(|(sum, known)| (known > 0).then(|| sum.saturating_add(known / 2).div_euclid(known)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tailor_kit::testing::{get, reply};

    /// Day `n` of the range (from 0) has `n` steps; two days of the fifth point and all of the last
    /// are not known.
    fn history(range: &str, days: i64) -> Value {
        let to: Date = "2026-01-15".parse().unwrap();
        let from = to.plus_days(1 - days);
        let known = (-3..days + 3).filter(|n| ![12, 13, days - 3, days - 2, days - 1].contains(n));
        let days: Vec<Value> = known
            .map(|n| json!({"date": from.plus_days(n), "steps": n, "distance_m": 7 * n, "active_minutes": 0}))
            .collect();
        let range = Range::asked(&get(&format!("/?range={range}"))).unwrap();
        let history = History::read(&Ok(reply(200, &json!({"days": days}))), range, to).unwrap();
        serde_json::to_value(history).unwrap()
    }

    #[test]
    fn ninety_days_are_thirty_points_of_three_days() {
        let history = history("90d", 90);
        assert_eq!(history["from"], "2025-10-18");
        assert_eq!(history["days_per_point"], 3);
        let steps = history["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 30);
        assert_eq!(steps[..6], [1, 4, 7, 10, 14, 16].map(Value::from));
        assert_eq!(steps[28..], [json!(85), Value::Null]);
        assert_eq!(history["distance_m"][1], 28);
    }

    #[test]
    fn shorter_ranges_have_a_point_for_each_day() {
        let history = history("30d", 30);
        assert_eq!(history["days_per_point"], 1);
        let steps = history["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 30);
        assert_eq!(
            steps[11..15],
            [json!(11), Value::Null, Value::Null, json!(14)]
        );
    }

    #[test]
    fn ninety_days_take_less_than_a_kilobyte() {
        assert!(history("90d", 90).to_string().len() < 1000);
    }

    #[test]
    fn a_mean_is_rounded_to_the_nearest() {
        let day = |date: &str, steps| json!({"date": date, "steps": steps, "distance_m": 0, "active_minutes": 0});
        let days = json!({"days": [day("2025-10-18", 1), day("2025-10-19", 1), day("2025-10-20", 3),
            day("2025-10-21", 1), day("2025-10-22", 2)]});
        let range = Range::asked(&get("/")).unwrap();
        let history =
            History::read(&Ok(reply(200, &days)), range, "2026-01-15".parse().unwrap()).unwrap();
        assert_eq!(history.steps[..2], [Some(2), Some(2)]);
    }
}

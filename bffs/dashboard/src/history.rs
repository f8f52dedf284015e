//! The history of activity, reduced to what a chart needs.

use serde::Serialize;
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

/// The columns of the activity service's answer that a history is made of. The host picks them, so
/// that the names of 90 days' members stay outside.
pub(crate) const COLUMNS: [&str; 4] = [
    "/days/*/date",
    "/days/*/steps",
    "/days/*/distance_m",
    "/days/*/active_minutes",
];

impl History {
    /// The history of the range that ends on `to`, from [`COLUMNS`].
    pub(crate) fn read(fetched: &Fetched, range: Range, to: Date) -> Outcome<History> {
        let from = range.from(to);
        let dates: Vec<Date> = fetched.pick(0)?;
        let point_of = |date: &Date| {
            let point = (date.days() - from.days()).div_euclid(range.days_per_point);
            usize::try_from(point).ok()
        };
        let places: Vec<Option<usize>> = dates.iter().map(point_of).collect();
        let points = |column| -> Outcome<Vec<Option<i64>>> {
            let values: Vec<i64> = fetched.pick(column)?;
            Ok(points(&places, &values, range))
        };
        Ok(History {
            from,
            to,
            days_per_point: range.days_per_point,
            steps: points(1)?,
            distance_m: points(2)?,
            active_minutes: points(3)?,
        })
    }
}

/// The mean of each point's days, rounded to the nearest whole number. Days outside of the range
/// are left out.
fn points(places: &[Option<usize>], values: &[i64], range: Range) -> Vec<Option<i64>> {
    let count = usize::try_from(range.days / range.days_per_point).unwrap_or_default();
    let mut sums = vec![(0_i64, 0_i64); count];
    for (place, value) in places.iter().zip(values) {
        if let Some((sum, known)) = place.and_then(|point| sums.get_mut(point)) {
            *sum = sum.saturating_add(*value);
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
    use crate::Dashboard;
    use serde_json::{Value, json};
    use tailor_kit::Handler as _;
    use tailor_kit::testing::{Offline, body_json, get, reply};

    /// The history of the screen of 2026-01-15, where the service has these days.
    fn screen(range: &str, days: &Value) -> Value {
        let days = json!({"days": days});
        let services = Offline::new(move |_| Ok(reply(200, &days)));
        let path = format!("/ada?date=2026-01-15&range={range}&fields=history");
        let response = services.run(Dashboard::handle, get(&path)).response;
        body_json(&response).unwrap()["history"].take()
    }

    /// Day `n` of the range (from 0) has `n` steps; two days of the fifth point and all of the last
    /// are not known.
    fn history(range: &str, days: i64) -> Value {
        let to: Date = "2026-01-15".parse().unwrap();
        let from = to.plus_days(1 - days);
        let known = (-3..days + 3).filter(|n| ![12, 13, days - 3, days - 2, days - 1].contains(n));
        let days: Vec<Value> = known
            .map(|n| json!({"date": from.plus_days(n), "steps": n, "distance_m": 7 * n, "active_minutes": 0}))
            .collect();
        screen(range, &json!(days))
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
        let history = screen(
            "90d",
            &json!([
                day("2025-10-18", 1),
                day("2025-10-19", 1),
                day("2025-10-20", 3),
                day("2025-10-21", 1),
                day("2025-10-22", 2)
            ]),
        );
        assert_eq!(
            history["steps"].as_array().unwrap()[..2],
            [json!(2), json!(2)]
        );
    }
}

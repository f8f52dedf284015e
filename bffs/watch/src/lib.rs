//! The backend of the watch face: steps, heart rate and sleep in one answer that fits into one
//! network packet.
//!
//! `GET /{user}?date=YYYY-MM-DD` (today in UTC without `date`) answers in the form that `accept`
//! prefers:
//!
//! - `application/json` (the default): `{"steps":8423,"heart":64,"sleep":431}`: steps of the day,
//!   the latest heart rate in beats a minute, minutes asleep in the night that ends on the day. At
//!   most 120 bytes. What is missing is `null`.
//! - `text/plain`: the same three numbers in the same order, with a space between: `8423 64 431`.
//!   What is missing is `-`.
//!
//! A part that fails is missing and does not fail the rest. When all three are missing, the answer
//! is a problem instead: 404 when a service does not know the user or the date, else 503 with
//! `retry-after` (so that a watch keeps the numbers it has). A complete answer may be kept for 30
//! seconds; one with something missing is not to be kept.
//!
//! Errors are `application/problem+json`: 400 for a bad or unknown parameter, 404, 405, 406, 503.

use serde::Serialize;
use tailor_kit::{
    Call, Date, Fetched, Handler, Missing, Params, Problem, ReadReply, Request, Response, Router,
    fetch_array, log,
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

/// The BFF.
pub struct Watch;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Watch);

impl Handler for Watch {
    fn handle(request: Request) -> Response {
        Router::new().get("/{user}", face).answer(&request)
    }
}

#[derive(Serialize)]
struct Face {
    steps: Option<i64>,
    heart: Option<i64>,
    sleep: Option<i64>,
}

fn face(request: &Request, params: &Params) -> Result<Response, Problem> {
    request.query_only(&["date"])?;
    let form = request.negotiate(&[JSON, TEXT])?;
    let date = request.query_date("date")?.unwrap_or_else(Date::today);
    let (user, day) = (params.get("user"), date.to_string());

    let [activity, heart, sleep] = fetch_array([
        Call::get("activity", &["users", user, "days", &day]).select(&["/steps"]),
        Call::get("heart", &["users", user, "days", &day]).select(&["/latest/bpm"]),
        Call::get("sleep", &["users", user, "nights", &day]).select(&["/asleep_minutes"]),
    ]);
    let mut missing = Vec::new();
    let face = Face {
        steps: number("steps", &activity, &mut missing),
        heart: number("heart", &heart, &mut missing),
        sleep: number("sleep", &sleep, &mut missing),
    };
    if missing.len() == 3 {
        let not_found = format!("no user `{user}`, or no data of {day}");
        return Err(Problem::nothing_arrived(&not_found, &missing, word));
    }

    let response = if form == TEXT {
        Response::text("text/plain; charset=utf-8", face.text())
    } else {
        Response::json(&face)?
    };
    let keep = if missing.is_empty() {
        "private, max-age=30"
    } else {
        "no-store"
    };
    Ok(response.header("vary", "accept").cache_control(keep))
}

/// The only value that was selected; where there is none, it is noted as missing and logged.
fn number(
    part: &'static str,
    fetched: &Fetched,
    missing: &mut Vec<(&'static str, Missing)>,
) -> Option<i64> {
    fetched
        .integer(0)
        .map_err(|why| {
            log::warn("part missing", &[("part", part), ("why", &why.to_string())]);
            missing.push((part, why));
        })
        .ok()
}

/// The reason for a missing part in the words that clients of this BFF know.
fn word(why: &Missing) -> String {
    match why {
        Missing::NoValue(_) => "absent".to_owned(),
        other => other.why(),
    }
}

impl Face {
    fn text(&self) -> String {
        [self.steps, self.heart, self.sleep]
            .map(|part| part.map_or_else(|| "-".to_owned(), |number| number.to_string()))
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tailor_kit::FailureKind;
    use tailor_kit::testing::{
        Fixture, Offline, body_json, body_text, check_folder, failure, get, reply,
    };

    #[test]
    fn fixtures() {
        check_folder(Watch::handle, "fixtures").unwrap();
    }

    #[test]
    fn the_face_takes_one_round_trip_and_three_small_values() {
        let run = Fixture::read("fixtures/face.json")
            .unwrap()
            .run(Watch::handle);
        assert_eq!((run.round_trips, run.calls.len()), (1, 3));
        assert!(run.calls.iter().all(|call| call.select.len() == 1));
        assert!(run.logs.is_empty());
    }

    #[test]
    fn the_largest_answer_is_below_120_bytes() {
        let largest = Some(i64::MIN);
        let face = Face {
            steps: largest,
            heart: largest,
            sleep: largest,
        };
        assert!(body_text(&Response::json(&face).unwrap()).len() < 120);
    }

    #[test]
    fn what_is_missing_is_logged_with_its_reason() {
        let run = Fixture::read("fixtures/sleep-times-out.json")
            .unwrap()
            .run(Watch::handle);
        let fields = [
            ("part".into(), "sleep".into()),
            ("why".into(), "service `sleep`: timeout".into()),
        ];
        assert_eq!(run.logs.len(), 1);
        assert_eq!(run.logs[0].fields, fields);
    }

    #[test]
    fn a_value_that_is_not_there_keeps_its_word() {
        let services = Offline::new(|call| {
            if call.service == "sleep" {
                return Err(failure(FailureKind::Timeout, "sleep"));
            }
            Ok(reply(200, &serde_json::json!({})))
        });
        let run = services.run(Watch::handle, get("/ada?date=2026-01-15"));
        assert_eq!(
            body_json(&run.response).unwrap()["detail"],
            "no part is available: steps (absent), heart (absent), sleep (timeout)"
        );
    }

    #[test]
    fn a_problem_says_what_is_wrong() {
        for (fixture, detail) in [
            (
                "bad-date",
                "query parameter `date` is `2026-02-30`; allowed: a date as `YYYY-MM-DD`",
            ),
            (
                "unknown-parameter",
                "query parameter `day` is `2026-01-15`; allowed: only the parameters `date`",
            ),
            (
                "not-acceptable",
                "this answer is available as: application/json, text/plain",
            ),
            ("other-method", "this path answers GET, HEAD, OPTIONS"),
            ("unknown-user", "no user `bob`, or no data of 2026-01-15"),
            (
                "nothing-arrives",
                "no part is available: steps (unreachable), heart (timeout), sleep (status-500)",
            ),
        ] {
            let path = format!("fixtures/{fixture}.json");
            let run = Fixture::read(path).unwrap().run(Watch::handle);
            assert_eq!(body_json(&run.response).unwrap()["detail"], detail);
        }
    }
}

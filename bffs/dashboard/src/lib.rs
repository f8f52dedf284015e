//! The backend of the dashboard: one call assembles the screen.
//!
//! `GET /{user}` with these parameters, all of them optional:
//!
//! - `date=YYYY-MM-DD`: the day that is shown; today in UTC without it.
//! - `range=7d|30d|90d`: how many days of history, that day included; `90d` without it.
//! - `fields=…`: the parts that are wanted, separated by commas, out of `profile`, `goals`,
//!   `history`, `heart`, `sleep`, `today`; all without it. Only the services behind these are
//!   called.
//!
//! ```json
//! {"user":"ada","date":"2026-01-15","range":"90d",
//!  "profile":{"name":"Ada Lovelace","avatar_url":"https://…",
//!   "locale":"en-GB","time_zone":"Europe/London","units":"metric"},
//!  "goals":[{"id":"steps","title":"Daily steps","target":10000,"current":8423,
//!   "unit":"steps","progress_percent":84,"reached":false}],
//!  "history":{"from":"2025-10-18","to":"2026-01-15","days_per_point":3,
//!   "steps":[8423,null],"distance_m":[6120,null],"active_minutes":[54,null]},
//!  "heart":{"latest":{"at":"2026-01-15T11:55:00Z","bpm":64},"resting_bpm":56,
//!   "zones":[{"name":"rest","from_bpm":0,"to_bpm":94,"minutes":1180}]},
//!  "sleep":{"start":"2026-01-14T22:51:00Z","end":"2026-01-15T06:42:00Z",
//!   "asleep_minutes":431,"in_bed_minutes":471,
//!   "efficiency_percent":91,"score":84,"phases":[["light",23],["deep",48]]},
//!  "today":{"steps":8423,"distance_m":6120,"active_minutes":54,"calories_kcal":2210,
//!   "floors":9,"hourly_steps":[0,12]},
//!  "missing":[]}
//! ```
//!
//! A point of the history is the mean of its days: of one day with `7d` and `30d`, of three with
//! `90d`, so that no chart has more than 30 points; a point of which no day is known is `null`.
//! Phases are pairs of name and minutes and follow each other from `start`. `heart.latest` is
//! `null` on a day without a measurement.
//!
//! A part that fails is `null` and stands in `missing` with the reason in a word:
//! `{"part":"sleep","why":"timeout"}`. The reasons are `status-` and the status where the service
//! answered with another than 2xx, `absent` where its answer has no value for the part,
//! `unreadable` where it has another form, else the kind of the failure in the contract. The rest
//! arrives. A part that was not requested has no key. When no requested part arrives, the answer is
//! a problem: 404 when a service does not know the user or the date, else 503 with `retry-after`. A
//! complete answer may be kept for 60 seconds; one with something missing is not to be kept.
//!
//! `POST /{user}/workouts` logs a workout, `{"date":"2026-01-15","start":"07:30","kind":"run",
//! "minutes":30}`, and answers 201 with it and its `id`. With an `idempotency-key`, which is passed
//! on, it may be repeated. A workout at that time already is 409, one that the service does not take
//! 422, both in the service's words.
//!
//! Errors are `application/problem+json`: 400 for a bad or unknown parameter or body, 404, 405, 415,
//! 503.
//!
//! Progress, zones and scores are the services' business: nothing here decides what a number means.

mod history;
mod parts;
mod screen;
mod workouts;

use tailor_kit::{Call, Date, Handler, Params, Problem, Request, Response, Router, fetch_all};

use history::Range;
use parts::Part;
use screen::Screen;

/// The BFF.
pub struct Dashboard;

#[cfg(target_family = "wasm")]
tailor_kit::export!(Dashboard);

impl Handler for Dashboard {
    fn handle(request: Request) -> Response {
        Router::new()
            .get("/{user}", screen)
            .post("/{user}/workouts", workouts::log)
            .answer(&request)
    }
}

fn screen(request: &Request, params: &Params) -> Result<Response, Problem> {
    request.query_only(&["date", "range", "fields"])?;
    let user = params.get("user");
    let date = request.query_date("date")?.unwrap_or_else(Date::today);
    let range = Range::asked(request)?;
    let parts = Part::asked(request)?;

    let calls: Vec<Call> = parts
        .iter()
        .map(|part| part.call(user, date, range))
        .collect();
    let mut screen = Screen::new(user, date, range);
    for (part, fetched) in parts.iter().zip(fetch_all(&calls)) {
        screen.add(*part, &fetched);
    }
    screen.answer(parts.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tailor_kit::testing::{Fixture, Offline, body_json, check_folder, get, reply};

    #[test]
    fn fixtures() {
        check_folder(Dashboard::handle, "fixtures").unwrap();
    }

    #[test]
    fn the_whole_screen_takes_one_round_trip() {
        let fixture = Fixture::read("fixtures/screen.json").unwrap();
        let run = fixture.run(Dashboard::handle);
        assert_eq!((run.round_trips, run.calls.len()), (1, 6));
        assert!(run.logs.is_empty());
    }

    #[test]
    fn only_what_is_asked_for_is_called() {
        let fixture = Fixture::read("fixtures/two-fields.json").unwrap();
        let calls = fixture.run(Dashboard::handle).calls;
        let services: Vec<&str> = calls.iter().map(|call| call.service.as_str()).collect();
        assert_eq!(services, ["heart", "sleep"]);
    }

    #[test]
    fn the_samples_of_the_heart_stay_outside() {
        let fixture = Fixture::read("fixtures/two-fields.json").unwrap();
        let heart = &fixture.run(Dashboard::handle).calls[0];
        assert_eq!(heart.select, ["/latest", "/resting_bpm", "/zones"]);
    }

    #[test]
    fn the_reasons_are_the_words_that_clients_know() {
        let services = Offline::new(|call| {
            Ok(match call.service.as_str() {
                "sleep" => reply(404, &json!({})),
                "profile" => reply(410, &json!({})),
                "goals" => reply(200, &json!({"goals": []})),
                _ => reply(200, &json!({})),
            })
        });
        let ask = |fields: &str| {
            let path = format!("/ada?date=2026-01-15&fields={fields}");
            body_json(&services.run(Dashboard::handle, get(&path)).response).unwrap()
        };
        assert_eq!(
            ask("goals,heart,sleep,today")["missing"],
            json!([
                {"part": "heart", "why": "absent"},
                {"part": "sleep", "why": "status-404"},
                {"part": "today", "why": "unreadable"},
            ])
        );
        assert_eq!(
            ask("profile,heart")["detail"],
            "no part is available: profile (status-410), heart (absent)"
        );
    }

    #[test]
    fn a_problem_says_what_is_wrong() {
        let parts = "`profile`, `goals`, `history`, `heart`, `sleep`, `today`";
        for (fixture, detail) in [
            (
                "bad-range",
                "query parameter `range` is `5d`; allowed: `7d`, `30d`, `90d`",
            ),
            (
                "bad-field",
                &format!("query parameter `fields` is `steps`; allowed: {parts}"),
            ),
            (
                "unknown-parameter",
                "query parameter `feilds` is `sleep`; allowed: only the parameters `date`, `range`, `fields`",
            ),
            ("unknown-user", "no user `bob`, or no data of 2026-01-15"),
            (
                "nothing-arrives",
                "no part is available: goals (unreachable), sleep (denied)",
            ),
        ] {
            let path = format!("fixtures/{fixture}.json");
            let run = Fixture::read(path).unwrap().run(Dashboard::handle);
            assert_eq!(body_json(&run.response).unwrap()["detail"], detail);
        }
    }
}

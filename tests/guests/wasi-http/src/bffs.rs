//! The routes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasip2::http::types::IncomingRequest;

use crate::date::Date;
use crate::history::{Days, History, Range};
use crate::http::{GuestResponse, Places, fetch_all};
use crate::screen::{Goals, MissingPart, Screen, part};

pub(crate) fn answer(request: &IncomingRequest) -> GuestResponse {
    let target = request.path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let date = query
        .strip_prefix("date=")
        .and_then(|text| text.parse().ok());
    let places = Places::read();
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next(), date) {
        (Some("noop"), _, _) => GuestResponse::text("hello"),
        (Some("watch"), Some(user), Some(date)) => watch(&places, user, date),
        (Some("dashboard"), Some(user), Some(date)) => dashboard(&places, user, date),
        _ => GuestResponse::status(404),
    }
}

#[derive(Serialize)]
struct Face {
    steps: Option<i64>,
    heart: Option<i64>,
    sleep: Option<i64>,
}

#[derive(Deserialize)]
struct Activity {
    steps: i64,
}

#[derive(Deserialize)]
struct Heart {
    latest: Latest,
}

#[derive(Deserialize)]
struct Latest {
    bpm: i64,
}

#[derive(Deserialize)]
struct Sleep {
    asleep_minutes: i64,
}

fn watch(places: &Places, user: &str, date: Date) -> GuestResponse {
    let [activity, heart, sleep] = fetch_all([
        (
            places.of_service("activity"),
            format!("/users/{user}/days/{date}"),
        ),
        (
            places.of_service("heart"),
            format!("/users/{user}/days/{date}"),
        ),
        (
            places.of_service("sleep"),
            format!("/users/{user}/nights/{date}"),
        ),
    ]);
    GuestResponse::json(&Face {
        steps: read(activity).map(|it: Activity| it.steps).ok(),
        heart: read(heart).map(|it: Heart| it.latest.bpm).ok(),
        sleep: read(sleep).map(|it: Sleep| it.asleep_minutes).ok(),
    })
}

fn dashboard(places: &Places, user: &str, date: Date) -> GuestResponse {
    let Some(range) = Range::find(None) else {
        return GuestResponse::status(500);
    };
    let from = range.from(date);
    let [profile, goals, days, heart, sleep, today] = fetch_all([
        (places.of_service("profile"), format!("/users/{user}")),
        (
            places.of_service("goals"),
            format!("/users/{user}/goals?date={date}"),
        ),
        (
            places.of_service("activity"),
            format!("/users/{user}/days?from={from}&to={date}"),
        ),
        (
            places.of_service("heart"),
            format!("/users/{user}/days/{date}"),
        ),
        (
            places.of_service("sleep"),
            format!("/users/{user}/nights/{date}"),
        ),
        (
            places.of_service("activity"),
            format!("/users/{user}/days/{date}"),
        ),
    ]);
    let mut missing = Vec::new();
    let history = read(days).map(|days: Days| History::new(&days, range, date));
    let mut screen = Screen {
        user,
        date,
        range: range.name,
        profile: part("profile", read(profile), &mut missing),
        goals: part("goals", read(goals).map(|it: Goals| it.goals), &mut missing),
        history: part("history", history, &mut missing),
        heart: part("heart", read(heart), &mut missing),
        sleep: part("sleep", read(sleep), &mut missing),
        today: part("today", read(today), &mut missing),
        missing: Vec::new(),
    };
    screen.missing = MissingPart::all(&missing);
    GuestResponse::json(&screen)
}

fn read<T: DeserializeOwned>(body: Option<Vec<u8>>) -> Result<T, &'static str> {
    let body = body.ok_or("unreachable")?;
    serde_json::from_slice(&body).map_err(|_| "unreadable")
}

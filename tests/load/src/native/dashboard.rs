//! The dashboard's screen, as in `bffs/dashboard`, with all of its parts.

use serde::{Deserialize, Deserializer, Serialize};

use super::date::Date;
use super::history::{Days, History, Range};
use super::query::Query;
use super::server::{Answer, Refused, json};
use super::services::{Missing, Service, Services};

#[derive(Serialize)]
struct Screen<'a> {
    user: &'a str,
    date: Date,
    range: &'static str,
    profile: Option<Profile>,
    goals: Option<Vec<Goal>>,
    history: Option<History>,
    heart: Option<Heart>,
    sleep: Option<Sleep>,
    today: Option<Today>,
    missing: Vec<MissingPart>,
}

#[derive(Serialize)]
struct MissingPart {
    part: &'static str,
    why: String,
}

#[derive(Deserialize, Serialize)]
struct Profile {
    name: String,
    avatar_url: Option<String>,
    locale: String,
    time_zone: String,
    units: String,
}

#[derive(Deserialize)]
struct Goals {
    goals: Vec<Goal>,
}

#[derive(Deserialize, Serialize)]
struct Goal {
    id: String,
    title: String,
    target: i64,
    current: i64,
    unit: String,
    progress_percent: i64,
    reached: bool,
}

#[derive(Deserialize, Serialize)]
struct Heart {
    latest: Option<Latest>,
    resting_bpm: i64,
    zones: Vec<Zone>,
}

#[derive(Deserialize, Serialize)]
struct Latest {
    at: String,
    bpm: i64,
}

#[derive(Deserialize, Serialize)]
struct Zone {
    name: String,
    from_bpm: i64,
    to_bpm: i64,
    minutes: i64,
}

#[derive(Deserialize, Serialize)]
struct Sleep {
    start: String,
    end: String,
    asleep_minutes: i64,
    in_bed_minutes: i64,
    efficiency_percent: i64,
    score: i64,
    #[serde(deserialize_with = "pairs")]
    phases: Vec<(String, i64)>,
}

/// A chart needs the name and the length of each phase: they follow each other without gaps.
fn pairs<'de, D: Deserializer<'de>>(phases: D) -> Result<Vec<(String, i64)>, D::Error> {
    #[derive(Deserialize)]
    struct Phase {
        phase: String,
        minutes: i64,
    }
    let phases = Vec::<Phase>::deserialize(phases)?;
    Ok(phases
        .into_iter()
        .map(|phase| (phase.phase, phase.minutes))
        .collect())
}

#[derive(Deserialize, Serialize)]
struct Today {
    steps: i64,
    distance_m: i64,
    active_minutes: i64,
    calories_kcal: i64,
    floors: i64,
    hourly_steps: Vec<i64>,
}

pub(crate) async fn screen(
    services: &Services,
    user: &str,
    query: Option<&str>,
) -> Result<Answer, Refused> {
    let query = Query::read(query, &["date", "range"])?;
    let date = query.parsed("date")?.unwrap_or_else(Date::today);
    let asked = query.text("range");
    let range =
        Range::find(asked).ok_or_else(|| Refused::parameter("range", asked.unwrap_or_default()))?;
    let from = range.from(date);

    let (profile, goals, days, heart, sleep, today) = tokio::join!(
        services.get::<Profile>(Service::Profile, format!("/users/{user}")),
        services.get::<Goals>(Service::Goals, format!("/users/{user}/goals?date={date}")),
        services.get::<Days>(
            Service::Activity,
            format!("/users/{user}/days?from={from}&to={date}")
        ),
        services.get::<Heart>(Service::Heart, format!("/users/{user}/days/{date}")),
        services.get::<Sleep>(Service::Sleep, format!("/users/{user}/nights/{date}")),
        services.get::<Today>(Service::Activity, format!("/users/{user}/days/{date}")),
    );
    let mut missing = Vec::new();
    let mut screen = Screen {
        user,
        date,
        range: range.name,
        profile: part("profile", profile, &mut missing),
        goals: part("goals", goals.map(|answer| answer.goals), &mut missing),
        history: part(
            "history",
            days.map(|days| History::new(&days, range, date)),
            &mut missing,
        ),
        heart: part("heart", heart, &mut missing),
        sleep: part("sleep", sleep, &mut missing),
        today: part("today", today, &mut missing),
        missing: Vec::new(),
    };
    if missing.len() == 6 {
        return Err(Refused::nothing_arrived(&missing));
    }
    let keep = if missing.is_empty() {
        "private, max-age=60"
    } else {
        "no-store"
    };
    screen.missing = missing
        .into_iter()
        .map(|(part, why)| MissingPart {
            part,
            why: why.to_string(),
        })
        .collect();
    json(&screen, keep)
}

fn part<T>(
    name: &'static str,
    value: Result<T, Missing>,
    missing: &mut Vec<(&'static str, Missing)>,
) -> Option<T> {
    value.map_err(|why| missing.push((name, why))).ok()
}

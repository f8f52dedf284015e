//! The dashboard's screen, as in `bffs/dashboard`, with all of its parts.

use super::answer::{NativeResponse, Refused, json};
use super::date::Date;
use super::history::{Days, History, Range};
use super::query::Query;
use super::screen::{Goals, Heart, MissingPart, Profile, Screen, Sleep, Today, part};
use super::services::{Service, Services};

pub(crate) async fn screen(
    services: &Services,
    user: &str,
    query: Option<&str>,
) -> Result<NativeResponse, Refused> {
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
    screen.missing = MissingPart::all(&missing);
    json(&screen, keep)
}

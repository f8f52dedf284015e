//! The parts of the screen: the call of each, and the shown part of its answer.
//!
//! Field names and meanings of what is shown are those of the services, except where the shape is
//! made smaller.

use serde::{Deserialize, Serialize};
use tailor_kit::{Call, Date, Fetched, Outcome, Problem, ReadReply, Request};

use crate::history::{COLUMNS, Range};

/// A part of the screen.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Profile,
    Goals,
    History,
    Heart,
    Sleep,
    Today,
}

impl Part {
    const ALL: [Part; 6] = [
        Part::Profile,
        Part::Goals,
        Part::History,
        Part::Heart,
        Part::Sleep,
        Part::Today,
    ];

    /// The name in `fields`, and the key in the answer.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Part::Profile => "profile",
            Part::Goals => "goals",
            Part::History => "history",
            Part::Heart => "heart",
            Part::Sleep => "sleep",
            Part::Today => "today",
        }
    }

    /// The parts of a request, each once, in the order of the screen.
    pub(crate) fn asked(request: &Request) -> Result<Vec<Part>, Problem> {
        let names = Part::ALL.map(Part::name);
        let asked = request.query_list("fields", &names)?;
        let wanted = |part: &Part| match &asked {
            None => true,
            Some(asked) => asked.contains(&part.name()),
        };
        Ok(Part::ALL.into_iter().filter(wanted).collect())
    }

    /// The call that brings this part.
    pub(crate) fn call(self, user: &str, date: Date, range: Range) -> Call {
        let day = date.to_string();
        match self {
            Part::Profile => Call::get("profile", &["users", user]),
            Part::Goals => Call::get("goals", &["users", user, "goals"]).query("date", &day),
            Part::History => Call::get("activity", &["users", user, "days"])
                .query("from", &range.from(date).to_string())
                .query("to", &day)
                .select(&COLUMNS),
            // A day of heart rates has 288 samples that the screen does not show: they stay
            // outside.
            Part::Heart => Call::get("heart", &["users", user, "days", &day]).select(&[
                "/latest",
                "/resting_bpm",
                "/zones",
            ]),
            Part::Sleep => Call::get("sleep", &["users", user, "nights", &day]),
            Part::Today => Call::get("activity", &["users", user, "days", &day]),
        }
    }
}

/// The user's profile: name, locale, time zone and units.
#[derive(Deserialize, Serialize)]
pub(crate) struct Profile {
    name: String,
    avatar_url: Option<String>,
    locale: String,
    time_zone: String,
    units: String,
}

/// One goal with its progress, which the service has worked out.
#[derive(Deserialize, Serialize)]
pub(crate) struct Goal {
    id: String,
    title: String,
    target: i64,
    current: i64,
    unit: String,
    progress_percent: i64,
    reached: bool,
}

/// The service's envelope of the goals.
#[derive(Deserialize)]
struct Goals {
    goals: Vec<Goal>,
}

/// The goals of the answer of the goals service.
pub(crate) fn goals(fetched: &Fetched) -> Outcome<Vec<Goal>> {
    fetched.json::<Goals>().map(|answer| answer.goals)
}

/// The heart rate of the day without its samples.
#[derive(Serialize)]
pub(crate) struct Heart {
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

/// The selected values of the heart service's answer, in the order of [`Part::call`].
pub(crate) fn heart(fetched: &Fetched) -> Outcome<Heart> {
    Ok(Heart {
        // A day may have no measurement yet.
        latest: fetched.pick(0)?,
        resting_bpm: fetched.integer(1)?,
        zones: fetched.pick(2)?,
    })
}

/// The night that ends on the day.
#[derive(Deserialize, Serialize)]
pub(crate) struct Sleep {
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
fn pairs<'de, D: serde::Deserializer<'de>>(phases: D) -> Result<Vec<(String, i64)>, D::Error> {
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

/// The activity of the day.
#[derive(Deserialize, Serialize)]
pub(crate) struct Today {
    steps: i64,
    distance_m: i64,
    active_minutes: i64,
    calories_kcal: i64,
    floors: i64,
    hourly_steps: Vec<i64>,
}

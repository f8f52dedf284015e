//! The dashboard's screen: what of the services' answers is shown. Without HTTP, so that it serves
//! another program as well.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, Serialize};

use super::date::Date;
use super::history::History;

#[derive(Serialize)]
pub(crate) struct Screen<'a> {
    pub(crate) user: &'a str,
    pub(crate) date: Date,
    pub(crate) range: &'static str,
    pub(crate) profile: Option<Profile>,
    pub(crate) goals: Option<Vec<Goal>>,
    pub(crate) history: Option<History>,
    pub(crate) heart: Option<Heart>,
    pub(crate) sleep: Option<Sleep>,
    pub(crate) today: Option<Today>,
    pub(crate) missing: Vec<MissingPart>,
}

#[derive(Serialize)]
pub(crate) struct MissingPart {
    pub(crate) part: &'static str,
    pub(crate) why: String,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Profile {
    name: String,
    avatar_url: Option<String>,
    locale: String,
    time_zone: String,
    units: String,
}

#[derive(Deserialize)]
pub(crate) struct Goals {
    pub(crate) goals: Vec<Goal>,
}

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

#[derive(Deserialize, Serialize)]
pub(crate) struct Heart {
    latest: Option<Latest>,
    resting_bpm: i64,
    zones: Vec<Zone>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Latest {
    at: String,
    bpm: i64,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Zone {
    name: String,
    from_bpm: i64,
    to_bpm: i64,
    minutes: i64,
}

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
pub(crate) struct Today {
    steps: i64,
    distance_m: i64,
    active_minutes: i64,
    calories_kcal: i64,
    floors: i64,
    hourly_steps: Vec<i64>,
}

/// A part that arrived, or `None` and the recorded reason.
pub(crate) fn part<T, E>(
    name: &'static str,
    value: Result<T, E>,
    missing: &mut Vec<(&'static str, E)>,
) -> Option<T> {
    value.map_err(|why| missing.push((name, why))).ok()
}

impl MissingPart {
    pub(crate) fn all<E: Display>(missing: &[(&'static str, E)]) -> Vec<Self> {
        let shown = missing.iter().map(|(part, why)| Self {
            part,
            why: why.to_string(),
        });
        shown.collect()
    }
}

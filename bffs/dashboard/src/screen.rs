//! The answer: the parts that arrived, and which did not.

use serde::Serialize;
use tailor_kit::{Date, Fetched, Missing, Outcome, Problem, ReadReply, Response, log};

use crate::history::{History, Range};
use crate::parts::{self, Goal, Heart, Part, Profile, Sleep, Today};

/// A part of the answer: no key when it was not requested, `null` when it did not arrive.
type Asked<T> = Option<Option<T>>;

/// The screen while it is put together.
pub(crate) struct Screen<'a> {
    body: Body<'a>,
    missing: Vec<(&'static str, Missing)>,
    date: Date,
    range: Range,
}

#[derive(Serialize)]
struct Body<'a> {
    user: &'a str,
    date: Date,
    range: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Asked<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goals: Asked<Vec<Goal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Asked<History>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heart: Asked<Heart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sleep: Asked<Sleep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    today: Asked<Today>,
    missing: Vec<MissingPart>,
}

#[derive(Serialize)]
struct MissingPart {
    part: &'static str,
    why: String,
}

impl<'a> Screen<'a> {
    /// A screen without parts.
    pub(crate) fn new(user: &'a str, date: Date, range: Range) -> Screen<'a> {
        Screen {
            body: Body {
                user,
                date,
                range: range.name(),
                profile: None,
                goals: None,
                history: None,
                heart: None,
                sleep: None,
                today: None,
                missing: Vec::new(),
            },
            missing: Vec::new(),
            date,
            range,
        }
    }

    /// Adds the result of a part.
    pub(crate) fn add(&mut self, part: Part, fetched: &Fetched) {
        if let Err(why) = self.read(part, fetched) {
            log::warn(
                "part missing",
                &[("part", part.name()), ("why", &why.to_string())],
            );
            self.body.missing.push(MissingPart {
                part: part.name(),
                why: word(&why),
            });
            self.missing.push((part.name(), why));
        }
    }

    fn read(&mut self, part: Part, fetched: &Fetched) -> Outcome<()> {
        let body = &mut self.body;
        match part {
            Part::Profile => keep(&mut body.profile, fetched.json()),
            Part::Goals => keep(&mut body.goals, parts::goals(fetched)),
            Part::History => keep(
                &mut body.history,
                History::read(fetched, self.range, self.date),
            ),
            Part::Heart => keep(&mut body.heart, parts::heart(fetched)),
            Part::Sleep => keep(&mut body.sleep, fetched.json()),
            Part::Today => keep(&mut body.today, fetched.json()),
        }
    }

    /// The answer to a request for `asked` parts.
    pub(crate) fn answer(self, asked: usize) -> Result<Response, Problem> {
        if self.missing.len() == asked {
            let not_found = format!("no user `{}`, or no data of {}", self.body.user, self.date);
            return Err(Problem::nothing_arrived(&not_found, &self.missing, word));
        }
        let keep = if self.missing.is_empty() {
            "private, max-age=60"
        } else {
            "no-store"
        };
        Ok(Response::json(&self.body)?.cache_control(keep))
    }
}

/// The reason for a missing part in the words that clients of this BFF know.
fn word(why: &Missing) -> String {
    match why {
        Missing::NotFound => "status-404".to_owned(),
        Missing::NoValue(_) => "absent".to_owned(),
        other => other.why(),
    }
}

/// Puts a part in its place, or `null` and passes on the reason.
fn keep<T>(place: &mut Asked<T>, part: Outcome<T>) -> Outcome<()> {
    let (part, result) = match part {
        Ok(part) => (Some(part), Ok(())),
        Err(why) => (None, Err(why)),
    };
    *place = Some(part);
    result
}

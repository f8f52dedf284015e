//! What users log of their own: the one thing that is written. It is kept in memory, and gone when
//! the service ends.
//!
//! A POST with an `idempotency-key` is done once: the same request again gets the same answer.

use std::collections::VecDeque;

use http::{HeaderMap, Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::day::Day;
use super::people::person;
use crate::problem::Problem;

/// Workouts of all users together.
const MOST: usize = 1_000;
/// Answers that are kept for repetitions.
const MOST_KEYS: usize = 1_000;
/// Bytes of a key.
const MAX_KEY: usize = 64;
const MINUTES_PER_DAY: u32 = 24 * 60;

/// What was asked of this resource.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What was done.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) status: StatusCode,
    /// JSON, or empty.
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Walk,
    Run,
    Ride,
    Swim,
}

/// A workout as a caller sends it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    date: String,
    start: String,
    kind: Kind,
    minutes: u32,
}

#[derive(Clone, Serialize)]
struct Workout {
    id: String,
    #[serde(flatten)]
    entry: Entry,
    #[serde(skip)]
    user: String,
    #[serde(skip)]
    revision: u64,
}

#[derive(Serialize)]
struct List<'a> {
    user: &'a str,
    workouts: Vec<&'a Workout>,
}

/// The answer to a POST that had a key.
struct Kept {
    key: String,
    user: String,
    body: Vec<u8>,
    done: Done,
}

/// All workouts.
#[derive(Default)]
pub(crate) struct Workouts {
    all: Vec<Workout>,
    kept: VecDeque<Kept>,
    made: u64,
}

/// The user, and the id of one workout, if this path is one of theirs.
fn parts(target: &str) -> Option<(&str, Option<&str>)> {
    let path = target.split('?').next().unwrap_or(target);
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        ["", "users", user, "workouts"] => Some((user, None)),
        ["", "users", user, "workouts", id] => Some((user, Some(id))),
        _ => None,
    }
}

/// Whether a target is answered here.
pub(crate) fn is_workouts(target: &str) -> bool {
    parts(target).is_some()
}

impl Workouts {
    /// Answers a request, and does what it asks for.
    pub(crate) fn answer(&mut self, asked: &Asked<'_>) -> Result<Done, Problem> {
        let Some((user, id)) = parts(asked.target) else {
            return Err(problem(StatusCode::NOT_FOUND, "no such resource"));
        };
        if person(user).is_none() {
            return Err(problem(StatusCode::NOT_FOUND, &format!("no user `{user}`")));
        }
        match (id, asked.method.as_str()) {
            (None, "GET" | "HEAD") => Ok(self.list(user)),
            (None, "POST") => self.post(user, asked),
            (None, _) => Err(Problem::method_not_allowed(asked.method, "GET, HEAD, POST")),
            (Some(id), "GET" | "HEAD") => Ok(self.find(user, id)?.shown(StatusCode::OK)),
            (Some(id), "PUT") => self.put(user, id, asked),
            (Some(id), "DELETE") => self.delete(user, id),
            (Some(_), _) => Err(Problem::method_not_allowed(
                asked.method,
                "GET, HEAD, PUT, DELETE",
            )),
        }
    }

    fn list(&self, user: &str) -> Done {
        let workouts = self.all.iter().filter(|workout| workout.user == user);
        let workouts = workouts.collect();
        done(StatusCode::OK, json(&List { user, workouts }))
    }

    fn post(&mut self, user: &str, asked: &Asked<'_>) -> Result<Done, Problem> {
        let key = key(asked.headers)?;
        if let Some(kept) = self
            .kept
            .iter()
            .find(|kept| kept.user == user && Some(kept.key.as_str()) == key)
        {
            if kept.body != asked.body {
                let detail = "idempotency-key: came before with another body";
                return Err(unprocessable("idempotency-key", detail));
            }
            let mut done = kept.done.clone();
            done.headers
                .push(("idempotency-replayed", "true".to_owned()));
            return Ok(done);
        }
        let entry = entry(asked)?;
        self.refuse_second(user, &entry, None)?;
        if self.all.len() == MOST {
            let detail = format!("{MOST} workouts are kept, delete some");
            return Err(problem(StatusCode::INSUFFICIENT_STORAGE, &detail));
        }
        self.made += 1;
        let workout = Workout {
            id: format!("w{}", self.made),
            entry,
            user: user.to_owned(),
            revision: 1,
        };
        let mut done = workout.shown(StatusCode::CREATED);
        let location = format!("/users/{user}/workouts/{}", workout.id);
        done.headers.push(("location", location));
        self.all.push(workout);
        if let Some(key) = key {
            if self.kept.len() == MOST_KEYS {
                self.kept.pop_front();
            }
            self.kept.push_back(Kept {
                key: key.to_owned(),
                user: user.to_owned(),
                body: asked.body.to_vec(),
                done: done.clone(),
            });
        }
        Ok(done)
    }

    fn put(&mut self, user: &str, id: &str, asked: &Asked<'_>) -> Result<Done, Problem> {
        let found = self.find(user, id)?;
        let etag = found.etag();
        if let Some(expected) = asked.headers.get("if-match")
            && expected.as_bytes() != etag.as_bytes()
        {
            let detail = format!("if-match: the workout has the tag {etag}");
            return Err(problem(StatusCode::PRECONDITION_FAILED, &detail));
        }
        let entry = entry(asked)?;
        self.refuse_second(user, &entry, Some(id))?;
        let mut all = self.all.iter_mut();
        let changed = all.find(|workout| workout.user == user && workout.id == id);
        let changed = changed.ok_or_else(|| no_workout(id))?;
        changed.entry = entry;
        changed.revision += 1;
        Ok(changed.shown(StatusCode::OK))
    }

    fn delete(&mut self, user: &str, id: &str) -> Result<Done, Problem> {
        self.find(user, id)?;
        self.all
            .retain(|workout| workout.user != user || workout.id != id);
        Ok(done(StatusCode::NO_CONTENT, Vec::new()))
    }

    fn find(&self, user: &str, id: &str) -> Result<&Workout, Problem> {
        let mut all = self.all.iter();
        all.find(|workout| workout.user == user && workout.id == id)
            .ok_or_else(|| no_workout(id))
    }

    /// A user can do one thing at a time.
    fn refuse_second(&self, user: &str, entry: &Entry, but: Option<&str>) -> Result<(), Problem> {
        let at = |workout: &&Workout| {
            workout.user == user
                && Some(workout.id.as_str()) != but
                && (&workout.entry.date, &workout.entry.start) == (&entry.date, &entry.start)
        };
        match self.all.iter().find(at) {
            None => Ok(()),
            Some(first) => {
                let (date, start) = (&entry.date, &entry.start);
                let detail = format!("workout `{}` begins at {date} {start}, too", first.id);
                Err(problem(StatusCode::CONFLICT, &detail))
            }
        }
    }
}

impl Workout {
    fn etag(&self) -> String {
        format!("\"{}\"", self.revision)
    }

    fn shown(&self, status: StatusCode) -> Done {
        let mut done = done(status, json(self));
        done.headers.push(("etag", self.etag()));
        done
    }
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(key) if (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key)),
        _ => {
            let detail = format!("idempotency-key: must have 1 to {MAX_KEY} characters");
            Err(Problem::bad_request("idempotency-key", detail))
        }
    }
}

/// The workout of a body.
fn entry(asked: &Asked<'_>) -> Result<Entry, Problem> {
    let media = asked.headers.get("content-type");
    let media = media.and_then(|value| value.to_str().ok());
    let media = media.unwrap_or_default().split(';').next();
    if media.map(str::trim) != Some("application/json") {
        let detail = "content-type: must be application/json";
        return Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let entry: Entry = serde_json::from_slice(asked.body)
        .map_err(|error| Problem::bad_request("body", format!("body: {error}")))?;
    match Day::parse(&entry.date) {
        Some(day) if (Day::FIRST..=Day::LAST).contains(&day) => {}
        _ => {
            let (first, last) = (Day::FIRST, Day::LAST);
            let detail = format!("date: must be a day from {first} to {last}");
            return Err(unprocessable("date", &detail));
        }
    }
    if !is_time(&entry.start) {
        return Err(unprocessable("start", "start: must be a time as 07:30"));
    }
    if !(1..=MINUTES_PER_DAY).contains(&entry.minutes) {
        let detail = format!("minutes: must be from 1 to {MINUTES_PER_DAY}");
        return Err(unprocessable("minutes", &detail));
    }
    Ok(entry)
}

fn is_time(text: &str) -> bool {
    let [a, b, b':', c, d] = text.as_bytes() else {
        return false;
    };
    let digits = [a, b, c, d].iter().all(|digit| digit.is_ascii_digit());
    digits && (*a, *b) < (b'2', b'4') && *c < b'6'
}

fn done(status: StatusCode, body: Vec<u8>) -> Done {
    Done {
        status,
        body,
        headers: Vec::new(),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs with text keys always serialise")
}

fn problem(status: StatusCode, detail: &str) -> Problem {
    Problem::new(status, detail.to_owned())
}

fn unprocessable(field: &str, detail: &str) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        ..Problem::bad_request(field, detail.to_owned())
    }
}

fn no_workout(id: &str) -> Problem {
    problem(StatusCode::NOT_FOUND, &format!("no workout `{id}`"))
}

//! From a request target to the JSON of an answer or to a problem. Pure: no socket, no fault, no
//! cache.

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::day::Day;
use super::people::{Person, person};
use super::{activity, goals, heart, profile, sleep};
use crate::problem::Problem;
use crate::service::Service;

/// Most days of one request.
pub(crate) const MAX_DAYS: i32 = 120;

/// The resource of a path, before users and dates are checked.
enum Resource<'a> {
    ActivityDay { user: &'a str, date: &'a str },
    ActivityDays { user: &'a str },
    HeartDay { user: &'a str, date: &'a str },
    HeartDays { user: &'a str },
    Night { user: &'a str, date: &'a str },
    Nights { user: &'a str },
    Goals { user: &'a str },
    Profile { user: &'a str },
}

/// Answers a request for `target` (path and query).
pub(crate) fn route(service: Service, method: &Method, target: &str) -> Result<Vec<u8>, Problem> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded: Vec<String> = path.split('/').map(decode).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let resource = find(service, &segments).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("{service} has no resource `{path}`"),
        )
    })?;
    if method != Method::GET && method != Method::HEAD {
        return Err(Problem::method_not_allowed(method, "GET, HEAD"));
    }
    match resource {
        Resource::ActivityDay { user, date } => one_day(user, date, activity::day),
        Resource::ActivityDays { user } => many_days(user, query, activity::days),
        Resource::HeartDay { user, date } => one_day(user, date, heart::day),
        Resource::HeartDays { user } => many_days(user, query, heart::days),
        Resource::Night { user, date } => one_day(user, date, sleep::night_answer),
        Resource::Nights { user } => many_days(user, query, sleep::nights),
        Resource::Goals { user } => one_day(user, &required(query, "date")?, goals::goals),
        Resource::Profile { user } => json(&profile::profile(known(user)?)),
    }
}

fn find<'a>(service: Service, segments: &[&'a str]) -> Option<Resource<'a>> {
    match (service, segments) {
        (Service::Activity, ["", "users", user, "days", date]) => {
            Some(Resource::ActivityDay { user, date })
        }
        (Service::Activity, ["", "users", user, "days"]) => Some(Resource::ActivityDays { user }),
        (Service::Heart, ["", "users", user, "days", date]) => {
            Some(Resource::HeartDay { user, date })
        }
        (Service::Heart, ["", "users", user, "days"]) => Some(Resource::HeartDays { user }),
        (Service::Sleep, ["", "users", user, "nights", date]) => {
            Some(Resource::Night { user, date })
        }
        (Service::Sleep, ["", "users", user, "nights"]) => Some(Resource::Nights { user }),
        (Service::Goals, ["", "users", user, "goals"]) => Some(Resource::Goals { user }),
        (Service::Profile, ["", "users", user]) => Some(Resource::Profile { user }),
        _ => None,
    }
}

fn one_day<T: Serialize>(
    user: &str,
    date: &str,
    answer: fn(&'static Person, Day) -> T,
) -> Result<Vec<u8>, Problem> {
    let person = known(user)?;
    json(&answer(person, day_of("date", date)?))
}

fn many_days<T: Serialize>(
    user: &str,
    query: &str,
    answer: fn(&'static Person, Day, Day) -> T,
) -> Result<Vec<u8>, Problem> {
    let person = known(user)?;
    let (from, to) = range(query)?;
    json(&answer(person, from, to))
}

fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    Ok(serde_json::to_vec(answer).expect("plain structs with text keys always serialise"))
}

fn known(user: &str) -> Result<&'static Person, Problem> {
    person(user).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("no user `{user}`")))
}

fn range(query: &str) -> Result<(Day, Day), Problem> {
    let from = day_of("from", &required(query, "from")?)?;
    let to = day_of("to", &required(query, "to")?)?;
    if from > to {
        return Err(Problem::bad_request(
            "from",
            format!("from: {from} is after to, {to}"),
        ));
    }
    let days = to.number() - from.number() + 1;
    if days > MAX_DAYS {
        return Err(Problem::bad_request(
            "to",
            format!("to: {from} to {to} is {days} days, at most {MAX_DAYS} are served"),
        ));
    }
    Ok((from, to))
}

fn day_of(field: &'static str, text: &str) -> Result<Day, Problem> {
    let day = Day::parse(text).ok_or_else(|| {
        Problem::bad_request(
            field,
            format!("{field}: `{text}` is not a date of the form YYYY-MM-DD"),
        )
    })?;
    if !(Day::FIRST..=Day::LAST).contains(&day) {
        let detail = format!(
            "no data for {day}, only from {} to {}",
            Day::FIRST,
            Day::LAST
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    Ok(day)
}

/// The first parameter of a name. Parameters that no resource knows are ignored, as real services
/// do.
fn required(query: &str, name: &'static str) -> Result<String, Problem> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| decode(key) == name)
        .map(|(_, value)| decode(value))
        .ok_or_else(|| {
            Problem::bad_request(name, format!("{name}: the query parameter is missing"))
        })
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

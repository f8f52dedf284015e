//! The smoke request: a new version must answer it before it is live.

use std::sync::Arc;

use super::lacking::in_chain;
use crate::bff::error::{BffError, LoadError};
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::bff::version::Version;
use crate::calls::CallRecord;
use crate::config::{self, Smoke};
use crate::contract::{Client, Method, Payload, Request};
use crate::downstream::Services;
use crate::fixture::{Fixture, FixtureError};
use crate::invoke::{Invoked, detached, invoke};
use crate::releases::Called;
use crate::snapshot::Refusal;
use crate::telemetry::metrics::Event;

/// Kinds of call failures that are not the fault of the caller.
const OF_THE_SERVICE: [&str; 5] = [
    "timeout",
    "unreachable",
    "interrupted",
    "overloaded",
    "rejected",
];

/// Makes the smoke request of a version that is not live yet, if the operator has set one. Returns
/// what it called.
///
/// # Errors
///
/// The answer that came instead. The request is tried again when the host lacked a resource
/// meanwhile, or a service failed: either may be the cause.
pub(super) async fn smoke(
    runtime: &Runtime,
    version: &Arc<Version>,
    services: &Services,
    caller: usize,
) -> Result<Option<Called>, Refusal> {
    let fits = version.loaded().fits(&version.settings().limits);
    fits.map_err(|error| Refusal {
        again: false,
        ..Refusal::of(error)
    })?;
    let Some(smoke) = &version.settings().smoke else {
        return Ok(None);
    };
    let failures = host_failures(services);
    let (tried, fixed, fixture) = match &smoke.fixture {
        Some(path) => {
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || Fixture::read(&path));
            let fixture = read
                .await
                .map_err(|_| refusal("its fixture was not read".to_owned(), true))?
                .map_err(|error| refusal(error.to_string(), in_chain(&error)))?;
            let now_ms = fixture
                .now_ms()
                .map_err(|error: FixtureError| refusal(error.to_string(), false))?;
            let seed = Some(fixture.seed);
            let fixture = Arc::new(fixture);
            let settings = config::Bff::clone(version.settings());
            let canned = |service: &str| fixture.canned(service);
            let tried = detached(settings, version.loaded().clone(), canned);
            let fixed = Fixed {
                now_ms,
                seed,
                tap: None,
            };
            (tried, fixed, Some(fixture))
        }
        None => (version.clone(), Fixed::default(), None),
    };
    let invoked = invoke(runtime, &tried, request(smoke), fixed, caller).await;
    let differs = || difference(smoke, fixture.as_deref()?, &invoked);
    let Some(what) = fault(smoke, &invoked).or_else(differs) else {
        return Ok(Some(called(&invoked)));
    };
    let of_services = smoke.fixture.is_none() && is_of_services(&invoked);
    Err(refusal(
        what,
        of_services || host_failures(services) > failures,
    ))
}

fn refusal(what: String, again: bool) -> Refusal {
    Refusal {
        again,
        ..Refusal::of(LoadError::Smoke(what))
    }
}

/// What is wrong with the answer.
fn fault(smoke: &Smoke, invoked: &Invoked) -> Option<String> {
    match &invoked.result {
        Ok(answer) if answer.status.as_u16() == smoke.status => None,
        Ok(answer) => Some(format!(
            "{} was answered {}, not {}",
            smoke.path,
            answer.status.as_u16(),
            smoke.status
        )),
        Err(error) => Some(format!("{} failed: {error}", smoke.path)),
    }
}

/// How the answer differs from what the fixture expects, if the smoke request is the fixture's.
fn difference(smoke: &Smoke, fixture: &Fixture, invoked: &Invoked) -> Option<String> {
    let expect = fixture.expect.as_ref()?;
    let is_of = *fixture.request.method == *"GET" && fixture.target() == smoke.path;
    let differences = expect.differences(invoked.result.as_ref().ok().filter(|_| is_of)?);
    let (first, others) = differences.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let path = &smoke.path;
    Some(format!(
        "{path} was not answered as its fixture expects: {first}{more}"
    ))
}

/// What it called, but what it was denied.
fn called(invoked: &Invoked) -> Called {
    let mut called = Called::default();
    let made = invoked.calls.iter();
    for call in made.filter(|call| call.outcome != Err("denied")) {
        if let Some(target) = &call.target {
            let name = format!("{} {}", target.method, call.service);
            if target.picks {
                called.picks.insert(name.clone());
            }
            called.calls.insert(name);
        }
    }
    called
}

/// Whether the services or a busy host may be the cause of a wrong answer.
fn is_of_services(invoked: &Invoked) -> bool {
    let failed = |call: &CallRecord| match call.outcome {
        Ok(status) => status >= 500,
        Err(kind) => OF_THE_SERVICE.contains(&kind),
    };
    matches!(invoked.result, Err(BffError::Deadline { .. })) || invoked.calls.iter().any(failed)
}

/// The number of calls that failed in the host itself, so far.
fn host_failures(services: &Services) -> u64 {
    services
        .iter()
        .map(|service| service.metrics().count(Event::HostFailure))
        .sum()
}

fn request(smoke: &Smoke) -> Request {
    let (path, query) = smoke.path.split_once('?').unwrap_or((&smoke.path, ""));
    let headers = smoke
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Request {
        id: "smoke".to_owned(),
        method: Method::Get,
        path: path.to_owned(),
        query: crate::fixture::decode_query(query),
        headers,
        body: Payload::None,
        client: Client {
            name: "smoke".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}

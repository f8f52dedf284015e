//! What the fixtures of a BFF cover: its routes, and for each service how it answered and failed.
//!
//! It counts what happened to calls, not what fixtures say: an entry that no call used covers
//! nothing. Which lines of the BFF ran is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::called::Called;
use super::outcome::{Outcome, Run};
use super::routes::Routes;
use crate::text::cut;

/// Services that are listed. A guest makes up names.
const MAX_SERVICES: usize = 100;
/// Kinds of requests that are listed.
const MAX_REQUESTS: usize = 200;

/// What the fixtures of a BFF cover.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Each service that is granted or was called.
    pub services: BTreeMap<String, ServiceCoverage>,
    /// The routes that the BFF tells, with the number of fixtures of each.
    pub routes: BTreeMap<String, usize>,
    /// The other requests with the number of fixtures of each: method, and the pattern of the path
    /// where a route has it, else the path with `*` for each segment that has a digit.
    pub requests: BTreeMap<String, usize>,
}

/// The cases of a service that happened in some fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceCoverage(BTreeSet<Case>);

/// How a service behaves to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// It answers with 2xx or 3xx.
    Answers,
    /// It says that there is no such thing.
    NotFound,
    /// It answers with 5xx.
    ServerError,
    /// It is too slow.
    TimesOut,
    /// It cannot be reached, breaks off, or is held back.
    Fails,
}

impl Case {
    /// All cases.
    pub const ALL: [Self; 5] = [
        Self::Answers,
        Self::NotFound,
        Self::ServerError,
        Self::TimesOut,
        Self::Fails,
    ];

    /// Its name: `answers`, `404`, `5xx`, `timeout`, `failure`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::NotFound => "404",
            Self::ServerError => "5xx",
            Self::TimesOut => "timeout",
            Self::Fails => "failure",
        }
    }

    /// What an entry of a fixture has for it, beside service and path.
    pub fn entry(self) -> &'static str {
        match self {
            Self::Answers => "\"reply\": {\"json\": ...}",
            Self::NotFound => "\"reply\": {\"status\": 404}",
            Self::ServerError => "\"reply\": {\"status\": 503}",
            Self::TimesOut => "\"failure\": \"timeout\"",
            Self::Fails => "\"failure\": \"unreachable\"",
        }
    }

    /// The case of a call that an entry answered.
    fn of(call: &Called) -> Option<Self> {
        call.entry?;
        match call.record.outcome {
            Ok(404) => Some(Self::NotFound),
            Ok(200..400) => Some(Self::Answers),
            Ok(500..) => Some(Self::ServerError),
            Err("timeout") => Some(Self::TimesOut),
            // The guest's own doing.
            Err("invalid" | "cancelled") | Ok(_) => None,
            Err(_) => Some(Self::Fails),
        }
    }
}

impl ServiceCoverage {
    /// The cases that happened in no fixture.
    pub fn missing(&self) -> Vec<Case> {
        let all = Case::ALL.into_iter();
        all.filter(|case| !self.0.contains(case)).collect()
    }

    /// The number of cases that happened.
    pub fn seen(&self) -> usize {
        self.0.len()
    }
}

impl Coverage {
    /// What these fixtures cover. A service that was refused to the BFF is listed, too: no case of it
    /// happened.
    pub fn of(outcomes: &[Outcome], routes: &Routes) -> Self {
        let mut coverage = Self {
            routes: routes.names().map(|name| (name, 0)).collect(),
            ..Self::default()
        };
        let runs = || outcomes.iter().filter_map(|outcome| outcome.run.as_ref());
        // Before those that a guest may have made up.
        for name in runs().flat_map(|run| &run.granted) {
            coverage.service(name);
        }
        for run in runs() {
            coverage.add(run, routes);
        }
        coverage
    }

    fn add(&mut self, run: &Run, routes: &Routes) {
        for call in &run.calls {
            if let Some(service) = self.service(&call.record.service)
                && let Some(case) = Case::of(call)
            {
                service.0.insert(case);
            }
        }
        let route = routes.route(&run.method, &run.path);
        if let Some(fixtures) = route.and_then(|route| self.routes.get_mut(&route)) {
            *fixtures += 1;
            return;
        }
        let request = routes.name(&run.method, &run.path);
        if self.requests.len() < MAX_REQUESTS || self.requests.contains_key(&request) {
            *self.requests.entry(request).or_default() += 1;
        }
    }

    fn service(&mut self, name: &str) -> Option<&mut ServiceCoverage> {
        let name = cut(name);
        let has_room = self.services.len() < MAX_SERVICES || self.services.contains_key(&name);
        has_room.then(|| self.services.entry(name).or_default())
    }

    /// The routes that some fixture comes to, and all of them.
    pub fn share_of_routes(&self) -> (usize, usize) {
        let covered = self.routes.values().filter(|fixtures| **fixtures > 0);
        (covered.count(), self.routes.len())
    }

    /// The cases that happened, and all of them.
    pub fn share(&self) -> (usize, usize) {
        let seen = self.services.values().map(ServiceCoverage::seen).sum();
        (seen, self.services.len() * Case::ALL.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_is_named_by_an_entry_that_a_fixture_takes() {
        for case in Case::ALL {
            let entry = case.entry().replace("...", "{}");
            let text = format!(
                r#"{{"request": {{"path": "/"}}, "downstreams": [{{"service": "a", "path": "*", {entry}}}]}}"#
            );
            crate::fixture::Fixture::parse(&text, case.name()).unwrap();
        }
        assert_eq!(ServiceCoverage::default().missing(), Case::ALL);
    }
}

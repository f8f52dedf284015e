//! Services that answer from the fixtures of BFFs.
//!
//! A call is answered by the fixture that has its request, where there is one. Else it is the first
//! that has an entry for it: of those with the request's path before others, and of good days before
//! those with a failure.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tailor::contract::Request;
use tailor::downstream::{Canned, Cause, ServiceRequest};
use tailor::fixture::Fixture;
use tailor::suite::{self, FindError};
use tailor::sync;

use super::marks::{Marks, marks};

/// The fixtures of some BFFs.
pub(super) struct FixtureServices {
    folders: Vec<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fixtures: Vec<Arc<Fixture>>,
    /// The requests under way, by their ids.
    requests: HashMap<String, Running>,
    /// Calls that no entry answered, by the request's id.
    unanswered: HashMap<String, Vec<String>>,
}

/// A request under way.
struct Running {
    path: String,
    /// The fixture that has it.
    own: Option<Arc<Fixture>>,
    /// Whether that one answered a call.
    is_used: bool,
}

impl FixtureServices {
    /// The fixtures in the folders `fixtures` of BFFs. Nothing is read yet.
    pub(super) fn new(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            state: Mutex::default(),
        }
    }

    /// Reads all of them. A file that is no fixture is left out; returns why.
    pub(super) fn read_again(&self) -> Vec<String> {
        let (files, mut problems) = self.files();
        let mut fixtures = Vec::new();
        for file in files {
            match Fixture::read(&file) {
                Ok(fixture) => fixtures.push(Arc::new(fixture)),
                Err(error) => problems.push(error.to_string()),
            }
        }
        sync::lock(&self.state).fixtures = fixtures;
        problems
    }

    /// What changes when a fixture does.
    pub(super) fn marks(&self) -> Marks {
        marks(&self.files().0)
    }

    /// The files of all fixtures, and why some are not known. A folder without fixtures has none.
    fn files(&self) -> (Vec<PathBuf>, Vec<String>) {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for folder in &self.folders {
            match suite::fixtures(folder) {
                Ok(found) => files.extend(found),
                Err(FindError::None(_)) => {}
                Err(error) => problems.push(error.to_string()),
            }
        }
        (files, problems)
    }

    /// The services that fixtures answer for.
    pub(super) fn services(&self) -> Vec<String> {
        let state = sync::lock(&self.state);
        let names = state.fixtures.iter().flat_map(|fixture| fixture.services());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Path and query of the first GET that a BFF has a fixture of.
    pub(super) fn example(&self, folder: &Path) -> Option<String> {
        let state = sync::lock(&self.state);
        let fixtures = state.fixtures.iter();
        let is_own = |fixture: &&Arc<Fixture>| {
            fixture.request.method == "GET" && Path::new(fixture.path()).starts_with(folder)
        };
        let found = fixtures
            .filter(is_own)
            .min_by_key(|fixture| !fixture.is_good());
        Some(found?.target())
    }

    /// Remembers which fixture a request is of.
    pub(super) fn begun(&self, request: &Request) {
        let mut state = sync::lock(&self.state);
        let own = state
            .fixtures
            .iter()
            .filter(|fixture| fixture.is_of(request));
        let own = own.min_by_key(|fixture| !fixture.is_good());
        let running = Running {
            path: request.path.clone(),
            own: own.cloned(),
            is_used: false,
        };
        state.requests.insert(request.id.clone(), running);
    }

    /// Forgets a request. Returns the file of its fixture, and the calls that had no answer.
    pub(super) fn ended(&self, id: &str) -> (Option<String>, Vec<String>) {
        let mut state = sync::lock(&self.state);
        let running = state.requests.remove(id);
        let fixture = running.filter(|it| it.is_used).and_then(|it| it.own);
        let unanswered = state.unanswered.remove(id).unwrap_or_default();
        let file = fixture.map(|fixture| {
            let path = Path::new(fixture.path());
            let mut folders = self.folders.iter();
            let short = folders.find_map(|folder| path.strip_prefix(folder).ok());
            short.unwrap_or(path).display().to_string()
        });
        (file, unanswered)
    }

    /// Answers calls of a service.
    pub(super) fn canned(self: &Arc<Self>, service: &str) -> Canned {
        let (fixtures, service) = (self.clone(), service.to_owned());
        Arc::new(move |request| match fixtures.find(&service, &request) {
            Some(answer) => answer(request),
            None => {
                let what = format!(
                    "no entry of a fixture answers {} {} of {service}",
                    request.method, request.target
                );
                let hint = format!("{what}: add one, or call the service itself with --real");
                fixtures.note(&request, &hint);
                let source = std::io::Error::other(what);
                Box::pin(std::future::ready(Err(Cause::Unreachable { source })))
            }
        })
    }

    fn find(&self, service: &str, request: &ServiceRequest) -> Option<Canned> {
        let mut state = sync::lock(&self.state);
        let State {
            fixtures, requests, ..
        } = &mut *state;
        let mut running = id(request).and_then(|id| requests.get_mut(id));
        if let Some(it) = &mut running
            && let Some(own) = &it.own
            && own.entry(service, request).is_some()
        {
            it.is_used = true;
            return Some(own.canned(service));
        }
        let fixtures = fixtures.iter();
        let has_entry = |fixture: &&Arc<Fixture>| fixture.entry(service, request).is_some();
        let found = fixtures.filter(has_entry).min_by_key(|fixture| {
            let is_near = running
                .as_ref()
                .is_some_and(|it| it.path == fixture.path_of_request());
            (!is_near, !fixture.is_good())
        });
        Some(found?.canned(service))
    }

    fn note(&self, request: &ServiceRequest, what: &str) {
        let Some(id) = id(request) else { return };
        let mut state = sync::lock(&self.state);
        let notes = state.unanswered.entry(id.to_owned()).or_default();
        if notes.len() < 16 {
            notes.push(what.to_owned());
        }
    }
}

/// The id of the client's request that a call is made for.
fn id(request: &ServiceRequest) -> Option<&str> {
    request.headers.get("x-request-id")?.to_str().ok()
}

//! Runs fixtures in a component, side by side in one engine, under the limits of production.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

use futures_util::future::join_all;
use tokio::runtime::Runtime as EventLoop;
use tokio::time::Instant;

use super::called::Called;
use super::cost::{LastRuns, Spent};
use super::outcome::{Outcome, Run, Verdict};
use super::update::write_expect;
use super::warning::warnings;
use crate::bff::load::Loaded;
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::config::Bff;
use crate::fixture::{Fixture, FixtureError};
use crate::invoke::{Invoked, detached, invoke};

/// Fixtures that run at once on one thread. Many wait for services that are slow on purpose; more
/// would delay each other past the deadlines that they test.
const AT_ONCE: usize = 4;
/// Threads.
const MAX_THREADS: usize = 64;

/// A component that answers the requests of fixtures.
pub struct Subject {
    /// The engine.
    pub runtime: Arc<Runtime>,
    /// The component.
    pub loaded: Arc<Loaded>,
    /// Its file, for its name.
    pub component: PathBuf,
    /// What the operator set. Without, the default limits hold, with a grant for each service of
    /// the fixture.
    pub settings: Option<Bff>,
}

/// What is done with fixtures beside running them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Writes `expect` anew where the answer differs from it.
    pub update: bool,
    /// Keeps the answers.
    pub keep_responses: bool,
}

impl Options {
    /// Threads that [`run`] takes, and with them the fixtures that run at once.
    pub fn threads() -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cores.min(MAX_THREADS)
    }

    /// Instances that the engine needs room for.
    pub fn instances() -> u32 {
        u32::try_from(Self::threads() * AT_ONCE).unwrap_or(u32::MAX)
    }
}

/// Runs fixtures, and gives what came of each, in their order. Blocks.
///
/// # Errors
///
/// When the system has no room for an event loop.
pub fn run(
    subject: &Subject,
    fixtures: &[PathBuf],
    options: Options,
    last: &mut LastRuns,
) -> io::Result<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let work = |event_loop: &EventLoop| work(event_loop, subject, fixtures, options, &next);
    let own = event_loop()?;
    let mut found = std::thread::scope(|scope| {
        let others = 1..Options::threads().min(fixtures.len());
        let thread = |_| Builder::new().name("tailor-suite".into());
        // Those that the system has no room for are not missed.
        let work_there = || event_loop().map_or(Vec::new(), |event_loop| work(&event_loop));
        let others = others.map(thread);
        let others = others.filter_map(|it| it.spawn_scoped(scope, work_there).ok());
        let others: Vec<_> = others.collect();
        let mut found = work(&own);
        for other in others {
            found.extend(other.join().unwrap_or_default());
        }
        found
    });
    found.sort_by_key(|(index, _)| *index);
    let mut outcomes: Vec<Outcome> = found.into_iter().map(|(_, outcome)| outcome).collect();
    for outcome in &mut outcomes {
        if let Some(run) = &mut outcome.run {
            let spent = Spent::from(&run.cost);
            let before = last.of(&outcome.path);
            run.changes = before.map_or(Vec::new(), |before| before.changes(&spent));
            last.note(&outcome.path, spent);
        }
    }
    Ok(outcomes)
}

fn event_loop() -> io::Result<EventLoop> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Takes one fixture after the other until there are no more, some at once.
fn work(
    event_loop: &EventLoop,
    subject: &Subject,
    fixtures: &[PathBuf],
    options: Options,
    next: &AtomicUsize,
) -> Vec<(usize, Outcome)> {
    let lane = || async {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = fixtures.get(index) else {
                return found;
            };
            found.push((index, Box::pin(outcome(subject, path, options)).await));
        }
    };
    let found = event_loop.block_on(join_all((0..AT_ONCE).map(|_| lane())));
    found.into_iter().flatten().collect()
}

async fn outcome(subject: &Subject, path: &Path, options: Options) -> Outcome {
    let began = Instant::now();
    let unusable = |error| Outcome {
        path: path.to_owned(),
        verdict: Verdict::Unusable(error),
        run: None,
        update: None,
    };
    let read = || {
        let text = Fixture::text(path)?;
        let fixture = Fixture::parse(&text, &path.display().to_string())?;
        Ok((text, Arc::new(fixture)))
    };
    let (text, fixture) = match read() {
        Ok(read) => read,
        Err(error) => return unusable(error),
    };
    let (invoked, granted) = match subject.invoke(&fixture).await {
        Ok(invoked) => invoked,
        Err(error) => return unusable(error),
    };
    let expect = fixture.expect.as_ref();
    let expects = expect.is_some_and(|expect| !expect.is_empty());
    let calls = invoked.calls.into_iter();
    let calls: Vec<Called> = calls.map(|call| Called::new(call, &fixture)).collect();
    let (verdict, response) = match invoked.result {
        Ok(response) => {
            let differences = expect.map_or(Vec::new(), |it| it.differences(&response));
            let verdict = match differences.is_empty() {
                true => Verdict::Passed,
                false => Verdict::Failed(differences),
            };
            (verdict, Some(response))
        }
        Err(error) => {
            let (error, backtrace) = (error.to_string(), error.backtrace());
            (Verdict::NoAnswer { error, backtrace }, None)
        }
    };
    let holds = matches!(verdict, Verdict::Passed);
    let warnings = match response {
        Some(_) => warnings(&fixture, &calls, holds && expects),
        None => Vec::new(),
    };
    let wants_update = options.update && warnings.is_empty() && !(holds && expects);
    let update = match &response {
        Some(response) if wants_update => Some(write_expect(path, &text, expect, response)),
        _ => None,
    };
    Outcome {
        path: path.to_owned(),
        verdict,
        run: Some(Run {
            method: fixture.request.method.clone(),
            path: fixture.request.path.clone(),
            expects,
            response: response.filter(|_| options.keep_responses),
            calls,
            granted,
            log: invoked.log,
            log_dropped: invoked.log_dropped,
            cost: invoked.cost,
            changes: Vec::new(),
            warnings,
            took: began.elapsed(),
        }),
        update,
    }
}

impl Subject {
    /// Makes the request of a fixture. Also gives the services that were granted.
    async fn invoke(&self, fixture: &Arc<Fixture>) -> Result<(Invoked, Vec<String>), FixtureError> {
        let name = self.component.file_stem();
        let name = name.map_or_else(|| "bff".into(), |stem| stem.to_string_lossy());
        let settings = self.settings.clone();
        let mut settings = settings
            .unwrap_or_else(|| Bff::with_defaults(&name, &self.component, &fixture.services()));
        settings.config.extend(fixture.config.clone());
        let granted = settings.downstreams.clone();
        let fixed = Fixed {
            now_ms: fixture.now_ms()?,
            seed: Some(fixture.seed),
            tap: fixture.readings()?,
        };
        let answer = |service: &str| fixture.canned(service);
        let version = detached(settings, self.loaded.clone(), answer);
        let invoked = invoke(&self.runtime, &version, fixture.request()?, fixed, 0).await;
        Ok((invoked, granted))
    }
}

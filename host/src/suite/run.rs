//! Runs fixtures in a component, side by side in one engine, under the limits of production.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

use futures_util::future::join_all;
use tokio::runtime::Runtime as EventLoop;
use tokio::time::Instant;

use super::answers::Answer;
use super::called::Called;
use super::cost::{LastRuns, Spent};
use super::outcome::{Outcome, Run, Verdict};
use super::routes::{Routes, RoutesError, TARGET};
use super::update::{UpdateError, updated, write};
use super::warning::{nothing_arrived, warnings};
use crate::bff::load::Loaded;
use crate::bff::response::CheckedResponse;
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::config::Bff;
use crate::contract::Request;
use crate::fixture::{Difference, Fixture, FixtureError};
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

/// An event loop with one thread beside it, for what would delay the fixtures that wait.
fn event_loop() -> io::Result<EventLoop> {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
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
    let unusable = |error| Outcome {
        path: path.to_owned(),
        verdict: Verdict::Unusable(error),
        run: None,
        update: None,
    };
    let judged = async {
        let (text, fixture) = aside(path, read).await?;
        let judged = subject.judge(path, &fixture).await?;
        Ok((text, fixture, judged))
    };
    let (text, fixture, judged) = match judged.await {
        Ok(judged) => judged,
        Err(error) => return unusable(error),
    };
    let Judged {
        verdict,
        mut run,
        holds,
    } = judged;
    let update = match options.update && !holds {
        true => Some(subject.update(path, text, &fixture, &run).await),
        false => None,
    };
    run.response = run.response.filter(|_| options.keep_responses);
    Outcome {
        path: path.to_owned(),
        verdict,
        run: Some(run),
        update,
    }
}

/// Reads a fixture, with its text.
fn read(path: &Path) -> Result<(String, Arc<Fixture>), FixtureError> {
    let text = Fixture::text(path)?;
    let fixture = Fixture::parse(&text, &path.display().to_string())?;
    Ok((text, Arc::new(fixture)))
}

/// Does something with a file that takes its time, aside of the fixtures that wait for answers.
async fn aside<T: Send + 'static, E: From<FixtureError> + Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let owned = path.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&owned)).await;
    done.unwrap_or_else(|error| {
        let path = path.display().to_string();
        let source = io::Error::other(error);
        Err(FixtureError::Unreadable { path, source }.into())
    })
}

/// An answer beside what a fixture expects.
struct Compared {
    differences: Vec<Difference>,
    shape: Answer,
    response: CheckedResponse,
}

async fn compared(
    path: &Path,
    fixture: &Arc<Fixture>,
    response: CheckedResponse,
) -> Result<Compared, FixtureError> {
    let fixture = fixture.clone();
    let compare = move |_: &Path| {
        let expect = fixture.expect.as_ref();
        Ok(Compared {
            differences: expect.map_or(Vec::new(), |expect| expect.differences(&response)),
            shape: Answer::of(&response),
            response,
        })
    };
    aside(path, compare).await
}

/// A fixture that was run.
struct Judged {
    verdict: Verdict,
    run: Run,
    /// Whether it passes.
    holds: bool,
}

impl Subject {
    /// Runs a fixture, and compares the answer with what is expected.
    async fn judge(&self, path: &Path, fixture: &Arc<Fixture>) -> Result<Judged, FixtureError> {
        let began = Instant::now();
        let (invoked, granted) = self.invoke(fixture).await?;
        let took = began.elapsed();
        let expect = fixture.expect.as_ref();
        let expects = expect.is_some_and(|expect| !expect.is_empty());
        let calls = invoked.calls.into_iter();
        let calls: Vec<Called> = calls.map(|call| Called::new(call, fixture)).collect();
        let (verdict, response, answer) = match invoked.result {
            Ok(response) => {
                let compared = compared(path, fixture, response).await?;
                let verdict = match compared.differences.is_empty() {
                    true => Verdict::Passed,
                    false => Verdict::Failed(compared.differences),
                };
                (verdict, Some(compared.response), Some(compared.shape))
            }
            Err(error) => {
                let (error, backtrace) = (error.to_string(), error.backtrace());
                (Verdict::NoAnswer { error, backtrace }, None, None)
            }
        };
        let is_same = matches!(verdict, Verdict::Passed);
        let warnings = match response {
            Some(_) => warnings(fixture, &calls, is_same && expects),
            None => Vec::new(),
        };
        Ok(Judged {
            holds: is_same && expects && warnings.is_empty(),
            verdict,
            run: Run {
                method: fixture.request.method.clone(),
                path: fixture.request.path.clone(),
                expects,
                response,
                answer,
                calls,
                granted,
                log: invoked.log,
                log_dropped: invoked.log_dropped,
                cost: invoked.cost,
                changes: Vec::new(),
                warnings,
                took,
            },
        })
    }

    /// Writes what a fixture expects anew, where it would hold: for the answer that came, and for
    /// that of a second run.
    async fn update(
        &self,
        path: &Path,
        text: String,
        fixture: &Arc<Fixture>,
        run: &Run,
    ) -> Result<(), UpdateError> {
        let response = run.response.clone().ok_or(UpdateError::NoAnswer)?;
        if !run.warnings.is_empty() {
            return Err(UpdateError::Warned);
        }
        if let Some(nothing) = nothing_arrived(&run.calls) {
            return Err(UpdateError::NothingArrived(nothing));
        }
        let fixture = fixture.clone();
        let make = move |path: &Path| {
            let new = updated(path, &text, fixture.expect.as_ref(), &response)?;
            Ok::<_, UpdateError>((text, new.text, Arc::new(new.fixture)))
        };
        let (old, new, fixture) = aside(path, make).await?;
        let (again, _) = self.invoke(&fixture).await?;
        let again = again
            .result
            .map_err(|error| UpdateError::UnsteadyFailure(error.to_string()))?;
        let again = compared(path, &fixture, again).await?;
        if let Some(difference) = again.differences.into_iter().next() {
            return Err(UpdateError::Unsteady(difference));
        }
        aside(path, move |path| write(path, &old, &new)).await
    }

    /// The routes that the component tells. Blocks.
    ///
    /// # Errors
    ///
    /// When the system has no room for an event loop.
    pub fn routes(&self) -> io::Result<Result<Routes, RoutesError>> {
        Ok(event_loop()?.block_on(self.ask_for_routes()))
    }

    async fn ask_for_routes(&self) -> Result<Routes, RoutesError> {
        let fixture = r#"{"request": {"method": "OPTIONS", "path": "/"}}"#;
        let asked = async {
            let fixture = Arc::new(Fixture::parse(fixture, "OPTIONS *")?);
            let mut request = fixture.request()?;
            TARGET.clone_into(&mut request.path);
            self.answer(&fixture, request).await
        };
        match asked.await {
            Ok((invoked, _)) => match invoked.result {
                Ok(response) => Routes::of(&response),
                Err(_) => Ok(Routes::default()),
            },
            Err(_) => Ok(Routes::default()),
        }
    }

    /// Makes the request of a fixture. Also gives the services that were granted.
    async fn invoke(&self, fixture: &Arc<Fixture>) -> Result<(Invoked, Vec<String>), FixtureError> {
        self.answer(fixture, fixture.request()?).await
    }

    /// Makes a request with what a fixture says beside its own.
    async fn answer(
        &self,
        fixture: &Arc<Fixture>,
        request: Request,
    ) -> Result<(Invoked, Vec<String>), FixtureError> {
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
        let invoked = invoke(&self.runtime, &version, request, fixed, 0).await;
        Ok((invoked, granted))
    }
}

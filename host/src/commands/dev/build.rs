//! The builds of one BFF: a thread that builds whenever something changed that the last build read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tailor::build::Session;
use tokio::sync::mpsc::UnboundedSender;

use super::children;
use super::event::Event;
use super::marks::{Marks, are_same, marks};
use super::project::DevBff;
use super::terminal::Terminal;

/// Pause between two looks at the files: a look at some hundred takes less than a millisecond.
const LOOK: Duration = Duration::from_millis(30);

/// Time for a build to end when the program does.
const END: Duration = Duration::from_secs(2);

/// A build that has ended.
pub(super) struct Built {
    /// Which BFF's, by its place in the project.
    pub(super) index: usize,
    /// When the change was seen that it was made for.
    pub(super) saved: Instant,
    /// What the compilers said, where it failed.
    pub(super) result: Result<(), String>,
    /// Dropped with this value, when the build is live: types are checked from then on.
    _checks: Checks,
}

/// Has the types of a good build checked when it is dropped.
struct Checks(Option<Sender<()>>);

impl Drop for Checks {
    fn drop(&mut self) {
        if let Some(check) = self.0.take() {
            // The loop has ended where nobody checks.
            let _ = check.send(());
        }
    }
}

/// The builds of a BFF. They end with this value, and so do the programs of one that is under way.
pub(super) struct Loop {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else {
            return;
        };
        // What is half built is removed by its thread.
        let until = Instant::now() + END;
        while !thread.is_finished() && Instant::now() < until {
            children::end();
            pause();
        }
    }
}

fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the thread has nothing else to do"
    )]
    std::thread::sleep(LOOK);
}

impl Loop {
    /// Starts with a first build.
    pub(super) fn start(
        index: usize,
        bff: &DevBff,
        terminal: Terminal,
        told: UnboundedSender<Built>,
    ) -> anyhow::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (name, session, is_ended) = (bff.name.clone(), bff.session.clone(), ended.clone());
        let check = checks(bff, &terminal)?;
        terminal.show(Event::Said(format!("building {name}")));
        let thread = tailor::sync::thread(format!("tailor-build-{name}"), move || {
            let mut seen = Instant::now();
            while !is_ended.load(Ordering::Relaxed) {
                // Taken before the build: a file that is saved meanwhile has another build.
                let before = looks(&session);
                let result = build(&session, &name, &terminal);
                let built = Built {
                    index,
                    saved: seen,
                    _checks: Checks(result.is_ok().then(|| check.clone())),
                    result,
                };
                if told.send(built).is_err() {
                    return;
                }
                seen = changed(&session, before, &is_ended);
            }
        })?;
        let thread = Some(thread);
        Ok(Self { ended, thread })
    }
}

fn looks(session: &Session) -> Marks {
    marks(&session.inputs())
}

/// Waits for a change, or for the end. A file that the build has read for the first time counts as
/// it is now.
fn changed(session: &Session, before: Marks, ended: &AtomicBool) -> Instant {
    let mut last = looks(session);
    if !are_same(&before, &last) {
        return Instant::now();
    }
    while !ended.load(Ordering::Relaxed) {
        pause();
        let now = looks(session);
        if now != last {
            return Instant::now();
        }
        last = now;
    }
    Instant::now()
}

/// Builds, and shows what came of it.
fn build(session: &Session, name: &str, terminal: &Terminal) -> Result<(), String> {
    let started = Instant::now();
    let mut said = String::new();
    let built = session.build(&mut |line| {
        terminal.show(Event::Said(line.to_owned()));
        said.push_str(line);
        said.push('\n');
    });
    let took = started.elapsed();
    let bff = name.to_owned();
    match built {
        Ok(built) => {
            terminal.show(Event::Built {
                bff,
                size: built.size,
                fresh: built.fresh,
                took,
            });
            Ok(())
        }
        Err(error) => {
            let component = session.component();
            terminal.show(Event::Said(error.to_string()));
            terminal.show(Event::BuildFailed {
                bff,
                took,
                has_last: component.is_ok_and(|component| component.exists()),
            });
            Err(format!("{said}{error}"))
        }
    }
}

/// A thread that checks types whenever it is told to, and once for several times: neither new code
/// nor a further build waits for that.
fn checks(bff: &DevBff, terminal: &Terminal) -> anyhow::Result<Sender<()>> {
    let (sender, wanted) = channel();
    let (name, session, terminal) = (bff.name.clone(), bff.session.clone(), terminal.clone());
    tailor::sync::thread(format!("tailor-check-{name}"), move || {
        let mut are_right = true;
        while wanted.recv().is_ok() {
            while wanted.try_recv().is_ok() {}
            are_right = check(&session, &name, are_right, &terminal);
        }
    })?;
    Ok(sender)
}

/// Checks types. Returns whether they are right.
fn check(session: &Session, name: &str, was_right: bool, terminal: &Terminal) -> bool {
    let mut said = String::new();
    let checked = session.check(&mut |line| {
        said.push_str(line);
        said.push('\n');
    });
    match checked {
        Ok(()) if was_right => {}
        Ok(()) => terminal.show(Event::RightTypes(name.to_owned())),
        Err(error) => {
            let told = match said.is_empty() {
                true => error.to_string(),
                false => said,
            };
            terminal.show(Event::Said(told));
            terminal.show(Event::WrongTypes(name.to_owned()));
            return false;
        }
    }
    true
}

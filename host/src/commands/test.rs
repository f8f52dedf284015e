//! `tailor test`: the tests of BFFs, theirs and their fixtures in the real engine.

mod answers;
mod bff;
mod context;
mod fault;
mod junit;
mod marks;
mod people;
mod style;
mod watch;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use tailor::bff::runtime::Runtime;
use tailor::suite::{Interrupt, Options};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::kept_code::KeptCode;
use super::outcome;
use super::output::{Output, Reader};
use bff::BffRun;
use context::{Arguments, Context};
use style::Style;

/// The exit code of a run that a signal ended, as shells have it for Ctrl-C.
const INTERRUPTED: u8 = 130;

#[derive(Args)]
pub struct Test {
    #[command(flatten)]
    arguments: Arguments,
}

impl Test {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let code = KeptCode::open(None);
        let runtime = Arc::new(Runtime::new(Options::instances())?);
        let session = Arc::new(Session {
            context: Context {
                arguments: self.arguments,
                code,
                runtime,
                interrupt: Interrupt::default(),
            },
            style: Style::of_output(),
        });
        // What tests start is in groups of its own, which Ctrl-C does not reach.
        let mut signals = Signals::new()?;
        let interrupt = session.context.interrupt.clone();
        let ended = if session.context.arguments.watch {
            watch::watch(session, &mut signals).await
        } else {
            let run = tokio::task::spawn_blocking(move || session.run());
            tokio::select! {
                ran = run => Ok(ran??.code),
                () = signals.stop() => Ok(ExitCode::from(INTERRUPTED)),
            }
        };
        interrupt.end();
        ended
    }
}

/// What asks the program to end: Ctrl-C, a terminal that is closed, another program.
struct Signals {
    interrupt: Signal,
    hangup: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// One run after another.
struct Session {
    context: Context,
    style: Style,
}

/// A run of all.
struct Ran {
    code: ExitCode,
    /// Whether somebody still reads what is printed.
    reader: Reader,
    /// The files that it wrote itself.
    written: Vec<PathBuf>,
}

impl Session {
    /// Runs all once, and prints what came of it.
    fn run(&self) -> anyhow::Result<Ran> {
        let started = Instant::now();
        let arguments = &self.context.arguments;
        let mut out = Output::default();
        let mut seen = BTreeSet::new();
        let mut runs: Vec<BffRun> = Vec::new();
        for folder in &arguments.folders {
            // Named twice, a folder is still one.
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            if !seen.insert(real) {
                continue;
            }
            let run = BffRun::of(folder, &self.context);
            if !arguments.json {
                out.print(&people::section(&run, self.style, arguments.coverage));
            }
            runs.push(run);
        }
        let mut problems = Vec::new();
        if let Some(filter) = &arguments.filter
            && runs
                .iter()
                .all(|run| run.outcomes.is_empty() && run.problems.is_empty())
        {
            problems.push(format!("--filter: no fixture has {filter:?} in its path"));
        }
        if let Some(file) = &arguments.junit {
            let written = std::fs::write(file, junit::document(&runs));
            if let Err(error) = written {
                problems.push(format!("{}: cannot be written: {error}", file.display()));
            }
        }
        let passed = problems.is_empty() && runs.iter().all(BffRun::passed);
        if arguments.json {
            let suites: Vec<_> = runs.iter().map(BffRun::json).collect();
            let document = json!({"passed": passed, "suites": suites, "problems": problems});
            out.print(&format!("{}\n", outcome::text(&document)));
        } else {
            out.print(&people::end(
                &runs,
                &problems,
                started.elapsed(),
                self.style,
            ));
        }
        let updated = runs.iter().flat_map(|run| &run.outcomes);
        let updated = updated.filter(|outcome| outcome.is_updated());
        let updated = updated.map(|outcome| outcome.path.clone());
        let answers = runs.iter().filter_map(|run| run.answers.as_ref());
        let answers = answers.filter(|answers| answers.is_written);
        let answers = answers.map(|answers| answers.file.clone());
        Ok(Ran {
            reader: out.end()?,
            code: match passed {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            },
            written: updated
                .chain(answers)
                .chain(arguments.junit.clone())
                .collect(),
        })
    }
}

impl Style {
    /// Colours for people at a terminal, unless the environment says otherwise.
    fn of_output() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced =
            is_set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE") != Some("0".into());
        Self {
            color: !is_set("NO_COLOR") && (forced || std::io::stdout().is_terminal()),
        }
    }
}

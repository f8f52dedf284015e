//! `tailor test`: the tests of BFFs, theirs and their fixtures in the real engine.

mod bff;
mod context;
mod junit;
mod people;
mod watch;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use tailor::bff::runtime::Runtime;
use tailor::suite::Options;

use super::kept_code::KeptCode;
use super::outcome;
use bff::BffRun;
use context::{Arguments, Context};
use people::Style;

#[derive(Args)]
pub struct Test {
    #[command(flatten)]
    arguments: Arguments,
}

impl Test {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let code = KeptCode::open(None);
        let runtime = Arc::new(Runtime::new(Options::instances())?);
        let session = Session {
            context: Context {
                arguments: self.arguments,
                code,
                runtime,
            },
            style: Style::of_output(),
        };
        if session.context.arguments.watch {
            return watch::watch(Arc::new(session)).await;
        }
        Ok(tokio::task::spawn_blocking(move || session.run()).await?)
    }
}

/// One run after another.
struct Session {
    context: Context,
    style: Style,
}

impl Session {
    /// Runs all once, prints what came of it, and gives the exit code.
    fn run(&self) -> ExitCode {
        let started = Instant::now();
        let arguments = &self.context.arguments;
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
                print(&people::section(&run, self.style, arguments.coverage));
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
            print(&format!("{}\n", outcome::text(&document)));
        } else {
            print(&people::end(
                &runs,
                &problems,
                started.elapsed(),
                self.style,
            ));
        }
        if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Prints a text. A reader that has gone, as `head` does, has read what it wanted.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
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

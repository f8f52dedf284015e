//! `tailor call`: one request into a component, without a socket.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use tailor::bff::runtime::Runtime;
use tailor::config::{self, Bff, Config};
use tailor::suite::{Options, Subject, Verdict, run};

use super::kept_code::KeptCode;
use super::last_runs::{last_runs, save};
use super::outcome;
use super::output::Output;

#[derive(Args)]
pub struct Call {
    /// The component file
    component: PathBuf,
    /// Files with a request and the services' answers; each is run
    #[arg(short, long, value_name = "FILE", required = true, num_args = 1..)]
    fixture: Vec<PathBuf>,
    /// A configuration file, for the limits and the settings of --bff
    #[arg(short, long, value_name = "FILE", requires = "bff")]
    config: Option<PathBuf>,
    /// The BFF of the configuration file whose limits and settings apply
    #[arg(short, long, value_name = "NAME", requires = "config")]
    bff: Option<String>,
}

impl Call {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        tokio::task::spawn_blocking(move || self.run_all()).await?
    }

    fn run_all(self) -> anyhow::Result<ExitCode> {
        let config = self.config.as_deref().map(config::load).transpose()?;
        let code = KeptCode::open(config.as_ref());
        let settings = self.settings(config)?;
        let runtime = Arc::new(Runtime::new(Options::instances())?);
        let subject = Subject {
            loaded: code.load(&runtime, &self.component)?,
            runtime,
            component: self.component,
            settings,
        };
        let options = Options {
            keep_responses: true,
            ..Options::default()
        };
        let mut last = last_runs(&subject.component);
        let outcomes = run(&subject, &self.fixture, options, &mut last)?;
        save(&mut last);
        let (mut passed, mut unusable) = (true, Vec::new());
        let mut out = Output::default();
        for outcome in outcomes {
            passed &= matches!(outcome.verdict, Verdict::Passed);
            match outcome.verdict {
                Verdict::Unusable(error) => unusable.push(error.to_string()),
                _ => out.print(&format!("{}\n", outcome::text(&outcome::json(&outcome)))),
            }
        }
        out.end()?;
        // Those that can be run are, whatever the others are.
        ensure!(unusable.is_empty(), "{}", unusable.join("; "));
        Ok(if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    fn settings(&self, config: Option<Config>) -> anyhow::Result<Option<Bff>> {
        let (Some(mut config), Some(path), Some(name)) = (config, &self.config, &self.bff) else {
            return Ok(None);
        };
        let known = config.bffs.keys().cloned().collect::<Vec<_>>().join(", ");
        let bff = config.bffs.remove(name);
        Ok(Some(bff.with_context(|| {
            format!("{}: no bff.{name}; there are {known}", path.display())
        })?))
    }
}

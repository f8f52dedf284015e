//! What stays the same from one run of a BFF's tests to the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tailor::bff::runtime::Runtime;
use tailor::suite::{Consent, Interrupt};

use crate::commands::kept_code::KeptCode;

#[derive(Args, Clone)]
pub struct Arguments {
    /// The folders of BFFs, each with its fixtures in `fixtures`
    #[arg(value_name = "FOLDER", num_args = 1.., default_value = ".")]
    pub folders: Vec<PathBuf>,
    /// The configuration file whose limits and grants apply [default: the nearest tailor.toml of the
    /// repository, from the folder up, that has a BFF of the component]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Run only fixtures whose path has this text, and not the BFF's own tests
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Do not run the BFF's own tests (`cargo test`, `npm test`, `python3 -m unittest`)
    #[arg(long)]
    pub no_unit: bool,
    /// End the BFF's own tests after this time, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub unit_timeout: u64,
    /// Write `expect` of fixtures anew that do not hold, or expect nothing
    #[arg(long)]
    pub update: bool,
    /// Keep the shapes of all answers in the folder's `answers.json`, also where they may break clients
    #[arg(long, conflicts_with = "filter")]
    pub accept: bool,
    /// Run again when a file in the folders or the configuration changes, until Ctrl-C
    #[arg(long, conflicts_with = "json")]
    pub watch: bool,
    /// Print all that the fixtures cover: routes, services, their failures
    #[arg(long)]
    pub coverage: bool,
    /// Print one JSON document instead of lines for people
    #[arg(long)]
    pub json: bool,
    /// Also write the results to this file, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// What runs of BFFs share.
pub struct Context {
    pub arguments: Arguments,
    pub code: KeptCode,
    pub runtime: Arc<Runtime>,
    /// Ends the BFFs' own tests.
    pub interrupt: Interrupt,
}

impl Arguments {
    /// The time for the BFF's own tests.
    pub fn unit_limit(&self) -> Duration {
        Duration::from_secs(self.unit_timeout)
    }

    /// What is written of the answers' shapes.
    pub fn consent(&self) -> Consent {
        match (self.accept, self.update) {
            (true, _) => Consent::All,
            (false, true) => Consent::Additions,
            (false, false) => Consent::None,
        }
    }

    /// Whether a program reads the results.
    pub fn is_for_programs(&self) -> bool {
        self.json || self.junit.is_some()
    }
}

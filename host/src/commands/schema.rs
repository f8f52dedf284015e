//! `tailor schema`: JSON Schemas for editors.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tailor::{config, fixture};

use super::print;

#[derive(Args)]
pub struct Schema {
    /// The file that it is of: config for tailor.toml, fixture for the files in `fixtures`
    #[arg(value_name = "config|fixture", hide_possible_values = true)]
    of: Of,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    Config,
    Fixture,
}

impl Schema {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.of {
            Of::Config => print(format!("{:#}\n", config::schema())),
            Of::Fixture => print(fixture::SCHEMA),
        }
    }
}

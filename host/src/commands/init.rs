//! `tailor init`: what a package lacks to be a BFF.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tailor::template::{Step, init};

use super::new::Lang;
use super::output::Output;

#[derive(Args)]
pub struct Init {
    /// The folder of the package, with its package.json or Cargo.toml
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// What its first source is written with, if it has none [default: rust beside Cargo.toml; hono where package.json has it; else ts]
    #[arg(short, long, value_name = "ts|hono|rust", hide_possible_values = true)]
    lang: Option<Lang>,
}

impl Init {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = Output::default();
        for step in init(&self.folder, self.lang.map(Into::into))? {
            match step {
                Step::Added(what) => out.line(format_args!("added  {what}")),
                Step::Kept(what) => out.line(format_args!("kept   {what}")),
            }
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

//! `tailor man`: the manual page, in roff.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};

use super::{Cli, print};

#[derive(Args)]
pub struct Man {
    /// Write it, and one for each command, into this folder [default: standard output, one page]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let command = Cli::command();
        if let Some(dir) = self.dir {
            let written = clap_mangen::generate_to(command, &dir);
            written.with_context(|| dir.display().to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        print(&page)
    }
}

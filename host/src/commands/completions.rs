//! `tailor completions`: what a shell offers behind `tailor`.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, print};

#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(
        value_name = "bash|elvish|fish|powershell|zsh",
        hide_possible_values = true
    )]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tailor", &mut script);
        print(&script)
    }
}

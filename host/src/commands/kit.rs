//! `tailor kit`: the kits, from the program itself.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tailor::build;

use super::output::Output;

#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Kit {
    /// Write the package @tailor/kit for TypeScript, which npm can install or pack, into this folder
    #[arg(long, value_name = "DIR")]
    npm: Option<PathBuf>,
    /// Write the crate tailor-kit for Rust into this folder
    #[arg(long = "crate", value_name = "DIR")]
    cargo: Option<PathBuf>,
    /// Write the package tailor-kit for Python, which pip can install, into this folder
    #[arg(long, value_name = "DIR")]
    python: Option<PathBuf>,
}

impl Kit {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let kits = [
            (build::Kit::Npm, self.npm),
            (build::Kit::Crate, self.cargo),
            (build::Kit::Python, self.python),
        ];
        let mut out = Output::default();
        for (kit, folder) in kits {
            let Some(folder) = folder else { continue };
            kit.write(&folder)?;
            out.line(folder.display());
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

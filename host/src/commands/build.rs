//! `tailor build`: a BFF's folder in, a component out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tailor::build::{BuildOptions, build, build_all};

use super::print;

#[derive(Args)]
pub struct Build {
    /// The BFF's folder, with its Cargo.toml, package.json or pyproject.toml; with --all, a folder of such folders
    folder: PathBuf,
    /// Build every BFF below the folder
    #[arg(long, conflicts_with = "output")]
    all: bool,
    /// Where to put the component [default: target/components/NAME.wasm beside the BFFs]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Build {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let options = BuildOptions {
            output: self.output,
            ..BuildOptions::from_env()
        };
        let mut say = |line: &str| eprintln!("{line}");
        let built = if self.all {
            build_all(&self.folder, &options, &mut say)?
        } else {
            vec![build(&self.folder, &options, &mut say)?]
        };
        let components = built.iter().map(|it| it.component.display());
        print(components.map(|it| format!("{it}\n")).collect::<String>())
    }
}

//! `tailor new`: the folder of a BFF, from a template.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tailor::template::{Template, create};

use super::output::Output;

#[derive(Args)]
pub struct New {
    /// The BFF's name, and that of its folder, which is made here
    name: String,
    /// What it is written with: TypeScript and the kit, an app of Hono, Rust, or Python
    #[arg(
        short,
        long,
        value_name = "ts|hono|rust|python",
        hide_possible_values = true
    )]
    lang: Lang,
}

/// A template, as it is typed.
#[derive(Clone, Copy, ValueEnum)]
pub enum Lang {
    Ts,
    Hono,
    Rust,
    Python,
}

impl From<Lang> for Template {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Ts => Self::Ts,
            Lang::Hono => Self::Hono,
            Lang::Rust => Self::Rust,
            Lang::Python => Self::Python,
        }
    }
}

impl New {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let made = create(Path::new(""), &self.name, self.lang.into())?;
        let folder = made.folder.display();
        let mut out = Output::default();
        for file in made.files {
            out.line(format_args!("{folder}/{}", file.display()));
        }
        out.line(format_args!(
            "{folder}/vendor/tailor-kit\n\nnext, in {folder} (README.md has the rest):"
        ));
        for command in made.next {
            out.line(format_args!("    {command}"));
        }
        if let Some(workspace) = made.workspace {
            out.line(format_args!(
                "\n{}: takes it for a member, by {:?}, and cargo refuses that, for it is a \
                 workspace of its own; write exclude = [{:?}] there, or take [workspace] out of \
                 {folder}/Cargo.toml",
                workspace.manifest.display(),
                workspace.pattern,
                workspace.member
            ));
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

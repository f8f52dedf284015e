//! Who installs the packages of a folder: npm, pnpm or yarn, by the lock file that is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::super::command::run;
use super::super::project::Package;
use super::super::{BuildError, Report};

/// What is said when Node or a package manager is not there.
pub(super) const NODE_MISSING: &str =
    "TypeScript BFFs need Node 20 or later with npm: https://nodejs.org";

/// Lock files, each with its manager.
const LOCKS: [(&str, Manager); 4] = [
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("yarn.lock", Manager::Yarn),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Pnpm,
    Yarn,
}

/// Where the packages of a folder are installed, or would be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Installation {
    root: PathBuf,
    manager: Manager,
    locked: bool,
}

impl Installation {
    /// The folder itself, or the workspace above that it may be a member of.
    pub(super) fn of(folder: &Path) -> Self {
        let own = lock(folder).is_some();
        let above = folder.ancestors().skip(1).find(|up| is_workspace(up));
        let root = if own { folder } else { above.unwrap_or(folder) };
        let found = lock(root);
        let pnpm = || root.join("pnpm-workspace.yaml").is_file();
        let manager = match found {
            Some((_, manager)) => manager,
            None if pnpm() => Manager::Pnpm,
            None => Manager::Npm,
        };
        Self {
            root: root.to_owned(),
            manager,
            locked: found.is_some(),
        }
    }

    /// Whether anything was installed here before. Some tools keep files of their own there, under
    /// names with a dot.
    pub(super) fn is_there(&self, folder: &Path) -> bool {
        let packages = |folder: &Path| {
            let entries = std::fs::read_dir(folder.join("node_modules"));
            let names = entries.into_iter().flatten().flatten();
            names
                .map(|entry| entry.file_name())
                .any(|name| !name.as_encoded_bytes().starts_with(b"."))
        };
        packages(&self.root) || packages(folder) || self.root.join(".pnp.cjs").is_file()
    }

    /// Installs what the manifest and the lock file name. Dependencies for development are wanted,
    /// whatever the environment says, and no package of a bundle has to run a script for that.
    pub(super) fn make(&self, name: &str, say: Report<'_>) -> Result<(), BuildError> {
        let (program, arguments) = self.command();
        let shown = format!("{program} {}", arguments[0]);
        say(&format!("installing the npm packages of {name} ({shown})"));
        let mut command = Command::new(program);
        command.current_dir(&self.root).args(arguments);
        for variable in ["NODE_ENV", "npm_config_omit", "npm_config_production"] {
            command.env_remove(variable);
        }
        let finished = run(&mut command, NODE_MISSING)?;
        if finished.ok {
            return Ok(());
        }
        Err(BuildError::Command {
            command: format!("{shown} in {}", self.root.display()),
            detail: first_lines(&finished.printed()),
        })
    }

    pub(super) fn command(&self) -> (&'static str, &'static [&'static str]) {
        const QUIET: [&str; 5] = [
            "--include=dev",
            "--ignore-scripts",
            "--loglevel=error",
            "--no-audit",
            "--no-fund",
        ];
        const fn npm(subcommand: &'static str) -> [&'static str; 6] {
            let [a, b, c, d, e] = QUIET;
            [subcommand, a, b, c, d, e]
        }
        const CI: [&str; 6] = npm("ci");
        const INSTALL: [&str; 6] = npm("install");
        match self.manager {
            Manager::Npm if self.locked => ("npm", &CI),
            Manager::Npm => ("npm", &INSTALL),
            Manager::Pnpm if self.locked => (
                "pnpm",
                &["install", "--frozen-lockfile", "--ignore-scripts"],
            ),
            Manager::Pnpm => ("pnpm", &["install", "--ignore-scripts"]),
            // Version 2 and later, whose settings are in this file.
            Manager::Yarn if self.root.join(".yarnrc.yml").is_file() => {
                ("yarn", &["install", "--immutable", "--mode=skip-build"])
            }
            Manager::Yarn => (
                "yarn",
                &[
                    "install",
                    "--frozen-lockfile",
                    "--ignore-scripts",
                    "--production=false",
                ],
            ),
        }
    }

    /// The error that the installation does not have all that is needed.
    pub(super) fn lacks(&self, package: &Package, missing: Vec<String>) -> BuildError {
        let manifest = package.folder.join("package.json");
        if self.root.join(".pnp.cjs").is_file() {
            return BuildError::Unsuitable {
                file: manifest,
                reason:
                    "yarn's Plug'n'Play keeps no node_modules, which the compilers need: write \
                         \"nodeLinker: node-modules\" into .yarnrc.yml and run `yarn install`"
                        .to_owned(),
            };
        }
        BuildError::Packages {
            manifest,
            missing,
            root: self.root.clone(),
            by_hand: match self.manager {
                Manager::Npm => "npm install",
                Manager::Pnpm => "pnpm install",
                Manager::Yarn => "yarn install",
            },
        }
    }
}

/// The lock file that holds for a folder, whether a build made it or not.
pub(in crate::build) fn lock_file(folder: &Path) -> Option<PathBuf> {
    let root = Installation::of(folder).root;
    let (name, _) = lock(&root)?;
    Some(root.join(name))
}

fn lock(folder: &Path) -> Option<(&'static str, Manager)> {
    let mut locks = LOCKS.into_iter();
    locks.find(|(name, _)| folder.join(name).is_file())
}

/// Whether the folder is the root of a workspace of npm, yarn or pnpm.
fn is_workspace(folder: &Path) -> bool {
    let members = || {
        let text = std::fs::read(folder.join("package.json")).ok()?;
        let manifest: Value = serde_json::from_slice(&text).ok()?;
        manifest.get("workspaces").map(|_| ())
    };
    folder.join("pnpm-workspace.yaml").is_file() || members().is_some()
}

/// What npm says first. After that come pages on how to use it.
fn first_lines(printed: &str) -> String {
    let lines = printed.lines().filter(|line| line.trim() != "npm error");
    lines.take(6).collect::<Vec<_>>().join("\n")
}

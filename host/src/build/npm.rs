//! Node and the npm packages of a TypeScript BFF, wherever npm, pnpm or yarn put them.
//!
//! An installation is its owner's: nothing is written into `node_modules`, and a package manager
//! runs only where nothing is installed at all. What is there is used, without a network.

mod manager;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::command::{Finished, run};
use super::project::Package;
use super::{BuildError, Report};
use manager::{Installation, NODE_MISSING};

pub(super) use manager::lock_file;

/// The oldest Node that the compilers are run with.
const OLDEST_NODE: u32 = 20;

/// The packages that a BFF's own package.json has to name, pinned, as devDependencies.
pub(super) const TOOLS: &str =
    "add typescript, esbuild and componentize-qjs to the devDependencies of package.json";

/// The kit, whose own packages are looked through last.
pub(super) const KIT: &str = "@tailor/kit";

/// Installed packages.
pub(super) struct Modules {
    /// The folders in which Node looks for packages, in this order: `node_modules` of the BFF's
    /// folder and of each one above it. pnpm keeps what no package.json names in a folder below.
    places: Vec<PathBuf>,
    /// Where programs run: the BFF's folder.
    folder: PathBuf,
}

impl Modules {
    /// The packages that can be seen from a folder, installed or not.
    pub(super) fn seen_from(folder: &Path) -> Self {
        let mut modules = Self {
            places: places(folder),
            folder: folder.to_owned(),
        };
        // A kit that is linked may have brought its tools along.
        let kit = modules.package(KIT).and_then(|kit| kit.canonicalize().ok());
        modules
            .places
            .extend(kit.iter().flat_map(|kit| places(kit)));
        modules
    }

    /// The packages of a BFF, installed if there are none at all.
    pub(super) fn ready(package: &Package, say: Report<'_>) -> Result<Self, BuildError> {
        check_node()?;
        let modules = Self::seen_from(&package.folder);
        let missing = modules.missing(package);
        if missing.is_empty() {
            modules.compare_versions(package, say);
            return Ok(modules);
        }
        let installation = Installation::of(&package.folder);
        if installation.is_there(&package.folder) {
            return Err(installation.lacks(package, missing));
        }
        installation.make(&package.name, say)?;
        let modules = Self::seen_from(&package.folder);
        match modules.missing(package) {
            missing if missing.is_empty() => Ok(modules),
            missing => Err(installation.lacks(package, missing)),
        }
    }

    /// The names of the packages that a build needs and that are not there.
    fn missing(&self, package: &Package) -> Vec<String> {
        let needed = needed(package).into_iter();
        needed
            .filter(|name| self.package(name).is_none())
            .map(str::to_owned)
            .collect()
    }

    /// Says which installed packages are not of the version that package.json names.
    fn compare_versions(&self, package: &Package, say: Report<'_>) {
        let both = package.dependencies.iter().chain(&package.dev_dependencies);
        for (name, wanted) in both.filter(|(_, wanted)| is_exact(wanted)) {
            let manifest = self.package(name).and_then(|folder| manifest(&folder));
            let installed = manifest.as_ref().and_then(|it| it["version"].as_str());
            if let Some(installed) = installed.filter(|installed| installed != wanted) {
                say(&format!(
                    "{}: package.json names {name} {wanted}, and {installed} is installed: install the \
                     packages again",
                    package.name
                ));
            }
        }
    }

    /// The folder of a package.
    pub(super) fn package(&self, name: &str) -> Option<PathBuf> {
        let file = self.find(&format!("{name}/package.json"))?;
        file.parent().map(Path::to_owned)
    }

    /// The manifests of the packages that a build needs, as they are reached from the BFF's folder.
    pub(super) fn manifests(&self, package: &Package) -> Vec<PathBuf> {
        let needed = needed(package).into_iter();
        needed
            .filter_map(|name| self.find(&format!("{name}/package.json")))
            .collect()
    }

    /// A file of a package.
    pub(super) fn find(&self, path: &str) -> Option<PathBuf> {
        let files = self.places.iter().map(|place| place.join(path));
        files.into_iter().find(|file| file.is_file())
    }

    /// A command for a program of a package, to run in the BFF's folder. `package` is the one that
    /// has it, for installations without links to programs.
    pub(super) fn tool(&self, name: &str, package: &str) -> Result<Command, BuildError> {
        if let Some(program) = self.find(&format!(".bin/{name}")) {
            return Ok(self.here(Command::new(program)));
        }
        let program = self.program(name, package);
        let program = program.ok_or_else(|| BuildError::Tool {
            tool: name.to_owned(),
            reason: format!("not among the installed npm packages; {TOOLS}"),
        })?;
        // Some installers put the machine's own program in the place of the script.
        let script = std::fs::read(&program).is_ok_and(|bytes| bytes.starts_with(b"#!"));
        Ok(if script {
            self.script(&program)
        } else {
            self.here(Command::new(program))
        })
    }

    /// The program that a package's manifest names.
    fn program(&self, name: &str, package: &str) -> Option<PathBuf> {
        let folder = self.package(package)?;
        let manifest = manifest(&folder)?;
        let bin = &manifest["bin"];
        let path = bin.as_str().or_else(|| bin[name].as_str())?;
        let program = folder.join(path);
        program.is_file().then_some(program)
    }

    /// A command that runs a script with Node in the BFF's folder.
    pub(super) fn script(&self, file: &Path) -> Command {
        let mut command = Command::new("node");
        command.arg(file);
        self.here(command)
    }

    fn here(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.folder)
            // Node looks here last, for what is not above the script.
            .env(
                "NODE_PATH",
                std::env::join_paths(&self.places).unwrap_or_default(),
            )
            // What is built does not depend on the machine's mode.
            .env_remove("NODE_ENV");
        command
    }
}

/// The folders of packages that can be seen from a folder, the nearest first.
fn places(folder: &Path) -> Vec<PathBuf> {
    let all = folder.ancestors().flat_map(|up| {
        let packages = up.join("node_modules");
        let hidden = packages.join(".pnpm/node_modules");
        [packages, hidden]
    });
    all.filter(|place| place.is_dir()).collect()
}

/// The packages that a build needs.
fn needed(package: &Package) -> Vec<&str> {
    let mut needed = vec!["esbuild", "componentize-qjs"];
    if package.folder.join("tsconfig.json").is_file() {
        needed.push("typescript");
    }
    needed.extend(package.dependencies.keys().map(String::as_str));
    needed
}

fn manifest(folder: &Path) -> Option<Value> {
    let text = std::fs::read(folder.join("package.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Whether it is one version and no range: `1.2.3`, `1.2.3-rc.1`.
fn is_exact(version: &str) -> bool {
    let number = |part: &str| part.parse::<u32>().is_ok();
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3 && core.split('.').all(number)
}

/// Runs a compiler. `what` names it in the error when it cannot be started.
pub(super) fn compile(command: &mut Command) -> Result<Finished, BuildError> {
    run(command, TOOLS)
}

fn check_node() -> Result<(), BuildError> {
    let finished = run(Command::new("node").arg("--version"), NODE_MISSING)?;
    new_enough(finished.stdout.trim())
}

fn new_enough(version: &str) -> Result<(), BuildError> {
    let major = version.trim_start_matches('v').split('.').next();
    let major = major.and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= OLDEST_NODE) {
        return Ok(());
    }
    Err(BuildError::Tool {
        tool: "node".to_owned(),
        reason: format!("its version is {version:?}; {NODE_MISSING}"),
    })
}

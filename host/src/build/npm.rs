//! Node and the npm packages of a TypeScript BFF.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{Finished, run};
use super::stamp::digest_of_files;
use super::{BuildError, Report};

/// The oldest Node that the compilers are run with.
const OLDEST_NODE: u32 = 20;

const NODE_MISSING: &str = "TypeScript BFFs need Node 20 or later with npm: https://nodejs.org";

/// The packages that a BFF's own package.json has to name, pinned, as devDependencies.
pub(super) const TOOLS: &str =
    "add typescript, esbuild and componentize-qjs to the devDependencies of package.json";

/// Installed packages.
pub(super) struct Modules {
    /// Where Node starts to look for packages: the BFF's folder.
    folder: PathBuf,
}

impl Modules {
    /// Installs the packages of `package.json` and its lock file, unless that is done.
    pub(super) fn install(folder: &Path, name: &str, say: Report<'_>) -> Result<Self, BuildError> {
        check_node()?;
        let root = install_root(folder);
        let lock = root.join("package-lock.json");
        let wanted = manifests(folder);
        let mark = root.join("node_modules/.tailor-installed");
        let modules = Self {
            folder: folder.to_owned(),
        };
        let installed = std::fs::read_to_string(&mark).unwrap_or_default();
        if installed == digest_of_files(&wanted)? {
            return Ok(modules);
        }
        let subcommand = if lock.is_file() { "ci" } else { "install" };
        say(&format!(
            "installing the npm packages of {name} (npm {subcommand})"
        ));
        let mut npm = Command::new("npm");
        npm.current_dir(&root)
            .args([subcommand, "--loglevel=error", "--no-audit", "--no-fund"])
            // No package of a bundle has to run an install script.
            .arg("--ignore-scripts");
        let finished = run(&mut npm, NODE_MISSING)?;
        if !finished.ok {
            return Err(BuildError::Command {
                command: format!("npm {subcommand} in {}", root.display()),
                detail: first_lines(&finished.printed()),
            });
        }
        // Read again: `npm install` writes the lock file.
        std::fs::write(&mark, digest_of_files(&wanted)?).map_err(BuildError::io("write", mark))?;
        Ok(modules)
    }

    /// A file of a package, looked for where Node looks: in the BFF's folder, then in each one
    /// above.
    pub(super) fn find(&self, path: &str) -> Option<PathBuf> {
        let file = |folder: &Path| folder.join("node_modules").join(path);
        self.folder
            .ancestors()
            .map(file)
            .find(|file| file.is_file())
    }

    /// A command for a program of a package, to run in the BFF's folder.
    pub(super) fn tool(&self, name: &str) -> Result<Command, BuildError> {
        let program = self.find(&format!(".bin/{name}"));
        let mut command = Command::new(program.ok_or_else(|| BuildError::Tool {
            tool: name.to_owned(),
            reason: format!("not among the installed npm packages; {TOOLS}"),
        })?);
        command.current_dir(&self.folder);
        Ok(command)
    }

    /// A command that runs a script of a package with Node in the BFF's folder.
    pub(super) fn script(&self, file: &Path) -> Command {
        let mut command = Command::new("node");
        command.current_dir(&self.folder).arg(file);
        command
    }
}

/// Runs a compiler. `what` names it in the error when it cannot be started.
pub(super) fn compile(command: &mut Command) -> Result<Finished, BuildError> {
    run(command, TOOLS)
}

/// The files that say what is installed, whether they are there or not.
pub(super) fn manifests(folder: &Path) -> Vec<PathBuf> {
    let root = install_root(folder);
    let names = ["package.json", "package-lock.json"];
    let mut files: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
    files.push(folder.join("package.json"));
    files
}

/// What npm says first. After that come pages on how to use it.
fn first_lines(printed: &str) -> String {
    let lines = printed.lines().filter(|line| line.trim() != "npm error");
    lines.take(6).collect::<Vec<_>>().join("\n")
}

/// Where the lock file is: in the folder, or one level up when several BFFs share one; else in the
/// folder.
fn install_root(folder: &Path) -> PathBuf {
    let locked = |folder: &&Path| folder.join("package-lock.json").is_file();
    let up = folder.parent();
    let found = [Some(folder), up].into_iter().flatten().find(locked);
    found.unwrap_or(folder).to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_refused_with_both_versions() {
        assert!(new_enough("v20.20.2").is_ok());
        assert!(new_enough("v104.0.0").is_ok());
        let error = new_enough("v18.19.0").unwrap_err().to_string();
        assert_eq!(
            error,
            "node: its version is \"v18.19.0\"; TypeScript BFFs need Node 20 or later with npm: https://nodejs.org"
        );
        assert!(new_enough("").is_err());
    }

    #[test]
    fn tools_are_found_in_the_folder_and_above_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("bffs/partner");
        let above = root.path().join("bffs/node_modules/.bin");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::create_dir_all(&above).unwrap();
        std::fs::write(above.join("tsc"), "").unwrap();
        let modules = Modules { folder };
        assert_eq!(
            modules.tool("tsc").unwrap().get_program(),
            above.join("tsc")
        );
        let error = modules.tool("esbuild").unwrap_err().to_string();
        assert!(
            error.starts_with("esbuild: not among the installed npm packages"),
            "{error}"
        );
        assert!(error.contains("devDependencies"), "{error}");
    }

    #[test]
    fn a_lock_file_one_level_up_is_shared() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("partner");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(install_root(&folder), folder);
        std::fs::write(root.path().join("package-lock.json"), "").unwrap();
        assert_eq!(install_root(&folder), root.path());
        assert!(manifests(&folder).contains(&root.path().join("package-lock.json")));
        std::fs::write(folder.join("package-lock.json"), "").unwrap();
        assert_eq!(install_root(&folder), folder);
    }
}

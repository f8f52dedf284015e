//! componentize-py, and the packages of a BFF.
//!
//! An environment in the BFF's folder is its owner's: packages are installed only where there is
//! none at all. componentize-py is taken from there or from the `PATH`, if it is of the version that
//! is asked for; else it is installed once for the whole machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::command::{Finished, lock, run};
use super::super::pyproject::{MANIFEST, PyProject, name_of};
use super::super::{BuildError, BuildOptions, Report};

/// What is said when Python is not there.
pub(super) const MISSING: &str = "Python BFFs need Python 3.10 or later with venv and pip (Debian: apt-get install python3-venv)";
/// The tool, as it is run and as it is installed.
const TOOL: &str = "componentize-py";
/// The folder of an environment, beside a pyproject.toml.
const ENVIRONMENT: &str = ".venv";
/// The file that says that an installation has ended.
const WHOLE: &str = "installed";

/// What a build runs, and what it imports.
pub(super) struct Tools {
    program: PathBuf,
    /// The folder of the packages that the BFF may import, if it names any.
    pub(super) packages: Option<PathBuf>,
}

impl Tools {
    /// The tools of a project, installed if they are not there.
    pub(super) fn ready(
        project: &PyProject,
        options: &BuildOptions,
        say: Report<'_>,
    ) -> Result<Self, BuildError> {
        if !project.dependencies.is_empty() && environment(project).is_none() {
            let place = project.folder.join(ENVIRONMENT);
            say(&format!(
                "installing the Python packages of {} (pip install)",
                project.name
            ));
            make(&place, &project.dependencies)?;
        }
        let found = environment(project);
        let packages = match &found {
            Some(environment) if !project.dependencies.is_empty() => {
                Some(needed(project, environment)?)
            }
            _ => None,
        };
        let own = found.filter(|it| has(it, TOOL, Some(&project.componentize)));
        let program = match own {
            Some(environment) => program(&environment),
            None if is_on_path(&project.componentize) => TOOL.into(),
            None => shared(project, options, say)?,
        };
        Ok(Self { program, packages })
    }

    /// The tool, without what the environment says of other Pythons.
    pub(super) fn command(&self) -> Command {
        clean(Command::new(&self.program))
    }
}

/// The interpreter that runs the tests of a project, with its own modules within reach.
pub(in crate::build) fn interpreter(project: &PyProject) -> Command {
    let own = environment(project).map(|it| it.join("bin/python"));
    let own = own.filter(|it| it.is_file());
    let mut python = clean(Command::new(own.as_deref().unwrap_or(Path::new("python3"))));
    // A kit has modules there, and no entry among them.
    let entry = project.folder.join(&project.entry);
    let places = entry.parent().map(Path::to_owned).into_iter();
    let places = places.chain(project.path.iter().cloned());
    python
        .env(
            "PYTHONPATH",
            std::env::join_paths(places).unwrap_or_default(),
        )
        // What it compiles would lie beside the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// The names and versions of the packages that a project may import. Without dependencies there are
/// none.
pub(super) fn installed(project: &PyProject) -> Vec<String> {
    let environment = environment(project).filter(|_| !project.dependencies.is_empty());
    environment.map_or_else(Vec::new, |it| distributions(&it))
}

/// The environment of a project: in its folder, or in one above.
fn environment(project: &PyProject) -> Option<PathBuf> {
    let places = project.folder.ancestors().map(|up| up.join(ENVIRONMENT));
    places
        .into_iter()
        .find(|it| it.join("pyvenv.cfg").is_file())
}

fn program(environment: &Path) -> PathBuf {
    environment.join("bin").join(TOOL)
}

/// The folder of packages of an environment.
fn site_packages(environment: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(environment.join("lib"))
        .into_iter()
        .flatten();
    let folders = versions.flatten().map(|it| it.path().join("site-packages"));
    folders.into_iter().find(|it| it.is_dir())
}

/// What is installed there, as `name-version`.
fn distributions(environment: &Path) -> Vec<String> {
    let folder = site_packages(environment);
    let entries = folder.and_then(|it| std::fs::read_dir(it).ok());
    let names = entries.into_iter().flatten().flatten();
    let names = names.filter_map(|it| it.file_name().into_string().ok());
    let mut found: Vec<String> = names
        .filter_map(|name| {
            let (name, version) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
            Some(format!("{}-{version}", name_of(name)))
        })
        .collect();
    found.sort();
    found
}

fn has(environment: &Path, name: &str, version: Option<&str>) -> bool {
    distributions(environment).iter().any(|it| {
        let (found, of) = it.rsplit_once('-').unwrap_or((it, ""));
        found == name && version.is_none_or(|version| of == version)
    })
}

/// The folder of packages of an environment that has all that the project names.
fn needed(project: &PyProject, environment: &Path) -> Result<PathBuf, BuildError> {
    let missing = project
        .dependencies
        .iter()
        .filter(|it| !has(environment, &name_of(it), None));
    let missing: Vec<String> = missing.cloned().collect();
    match site_packages(environment).filter(|_| missing.is_empty()) {
        Some(folder) => Ok(folder),
        None => Err(BuildError::PythonPackages {
            manifest: project.folder.join(MANIFEST),
            by_hand: format!(
                "{} -m pip install {}",
                environment.join("bin/python").display(),
                missing
                    .iter()
                    .map(|it| format!("'{it}'"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
            missing,
            environment: environment.to_owned(),
        }),
    }
}

fn is_on_path(version: &str) -> bool {
    let mut tool = clean(Command::new(TOOL));
    let said = run(tool.arg("--version"), "");
    said.is_ok_and(|said| said.ok && said.stdout.split_whitespace().last() == Some(version))
}

/// The tool in the cache of the machine.
fn shared(
    project: &PyProject,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<PathBuf, BuildError> {
    let components = project.components();
    let own = components.parent().unwrap_or(&components);
    let cache = options.cache_dir.as_deref().unwrap_or(own).join("python");
    let version = &project.componentize;
    let environment = cache.join(format!("{TOOL}-{version}"));
    let _lock = lock(&cache.join("install.lock"), say)?;
    let whole = environment.join(WHOLE);
    if !whole.is_file() {
        say(&format!("installing {TOOL} {version} (once, about 25 MB)"));
        make(&environment, &[format!("{TOOL}=={version}")])?;
        std::fs::write(&whole, "").map_err(BuildError::io("write", whole))?;
    }
    Ok(program(&environment))
}

/// Makes an environment with packages in it.
fn make(environment: &Path, packages: &[String]) -> Result<(), BuildError> {
    let mut venv = clean(Command::new("python3"));
    // What an installation that was broken off has left is taken away.
    venv.args(["-m", "venv", "--clear"]).arg(environment);
    let made = run(&mut venv, MISSING)?;
    if !made.ok {
        // Debian tells of a package that is missing.
        return Err(BuildError::Tool {
            tool: "python3 -m venv".to_owned(),
            reason: format!("failed ({}); {MISSING}", first_line(&made)),
        });
    }
    let mut pip = clean(Command::new(environment.join("bin/python")));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--no-input", "--"])
    .args(packages);
    let installed = run(&mut pip, MISSING)?;
    if installed.ok {
        return Ok(());
    }
    Err(BuildError::Command {
        command: format!("pip install {}", packages.join(" ")),
        detail: format!(
            "{}; where there is no package index, install it by hand into an environment `.venv` of \
             the BFF's folder",
            pip_reason(&installed)
        ),
    })
}

fn first_line(finished: &Finished) -> String {
    let printed = finished.printed();
    let mut lines = printed.lines().map(str::trim);
    lines
        .find(|it| !it.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// The last error of pip: those before are of single attempts.
fn pip_reason(finished: &Finished) -> String {
    let printed = finished.printed();
    let mut errors = printed
        .lines()
        .filter_map(|line| line.strip_prefix("ERROR: "));
    match errors.next_back() {
        Some(error) => error.trim().to_owned(),
        None => finished.reason(),
    }
}

/// Python and its programs take the place of their packages from the environment.
fn clean(mut command: Command) -> Command {
    for variable in ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"] {
        command.env_remove(variable);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(folder: &Path, dependencies: &[&str]) -> PyProject {
        std::fs::create_dir_all(folder).unwrap();
        let text = format!("[project]\ndependencies = {dependencies:?}\n");
        std::fs::write(folder.join(MANIFEST), text).unwrap();
        PyProject::read(folder).unwrap().unwrap().0
    }

    #[test]
    fn packages_are_those_of_the_nearest_environment_and_what_lacks_is_named() {
        let root = tempfile::tempdir().unwrap();
        let environment = root.path().join(ENVIRONMENT);
        let packages = environment.join("lib/python3.12/site-packages");
        for folder in [
            "Typing_Extensions-4.12.2.dist-info",
            "isodate-0.7.2.dist-info",
        ] {
            std::fs::create_dir_all(packages.join(folder)).unwrap();
        }
        std::fs::write(environment.join("pyvenv.cfg"), "").unwrap();
        let folder = root.path().join("bffs/coach");
        let both = project(&folder, &["typing-extensions>=4", "isodate"]);
        assert_eq!(
            installed(&both),
            ["isodate-0.7.2", "typing-extensions-4.12.2"]
        );
        assert_eq!(needed(&both, &environment).unwrap(), packages);
        let more = project(&folder, &["isodate", "babel==2.17"]);
        let error = needed(&more, &environment).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}: not installed: babel==2.17: looked in {}; run `{} -m pip install 'babel==2.17'`",
                folder.join(MANIFEST).display(),
                environment.display(),
                environment.join("bin/python").display()
            )
        );
        assert!(installed(&project(&folder, &[])).is_empty());
    }

    #[test]
    fn of_what_pip_prints_the_last_error_is_told() {
        let finished = |stderr: &str| Finished {
            ok: false,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let printed = "ERROR: Could not find a version that satisfies the requirement x==1\n\
                       ERROR: No matching distribution found for x==1\n";
        assert_eq!(
            pip_reason(&finished(printed)),
            "No matching distribution found for x==1"
        );
        assert_eq!(pip_reason(&finished("boom\n")), "boom");
    }
}

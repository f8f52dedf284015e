//! componentize-py, and the packages of a BFF.
//!
//! Packages are those that are pinned beside the manifest ([`requirements`]). An environment in the
//! BFF's folder is its owner's: where there is one and nothing is pinned, they are taken from it, and
//! none is installed. componentize-py is taken from there or from the `PATH`, if it is of the version
//! that is asked for; else it is installed once for the whole machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::command::{Finished, lock, run};
use super::super::pyproject::{COMPONENTIZE, MANIFEST, PyProject, name_of};
use super::super::{BuildError, BuildOptions, Report};
use super::pip::{MISSING, clean, pip_reason};
use super::requirements;

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
        let found = environment(project);
        let packages = match &found {
            _ if project.dependencies.is_empty() => None,
            Some(environment) if !are_pinned(project) => Some(needed(project, environment)?),
            _ => {
                let pip = cached(project, options, ("pip", "python"), &[], say)?;
                let python = pip.join("bin/python");
                Some(requirements::ready(project, &python, say)?)
            }
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
    let pinned = are_pinned(project).then(|| requirements::folder(project));
    let places = places.chain(pinned);
    python
        .env(
            "PYTHONPATH",
            std::env::join_paths(places).unwrap_or_default(),
        )
        // What it compiles would lie beside the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// What tells the packages that a project may import from others: their pins, or their names and
/// versions. Without dependencies there are none.
pub(super) fn installed(project: &PyProject) -> Result<Vec<String>, BuildError> {
    if project.dependencies.is_empty() {
        return Ok(Vec::new());
    }
    if are_pinned(project) {
        return Ok(Vec::from_iter(requirements::pins(project)?));
    }
    Ok(environment(project).map_or_else(Vec::new, |it| distributions(&it)))
}

/// Whether the packages of a project are those of its pins, which may be yet to make.
fn are_pinned(project: &PyProject) -> bool {
    !project.dependencies.is_empty()
        && (project.folder.join(requirements::FILE).is_file() || environment(project).is_none())
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
    // One with a condition may not be wanted here.
    let names = project.dependencies.iter().filter(|it| !it.contains(';'));
    let missing = names.filter(|it| !has(environment, &name_of(it), pinned(it)));
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

/// The version that a requirement pins: `0.7.2` of `isodate==0.7.2`.
fn pinned(requirement: &str) -> Option<&str> {
    let (_, version) = requirement.split_once("==")?;
    let version = version.trim();
    let is_version = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '!' | '+');
    version.chars().all(is_version).then_some(version)
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
    let version = &project.componentize;
    let name = format!("{TOOL}-{version}");
    let packages = [format!("{TOOL}=={version}")];
    let environment = cached(project, options, (&name, TOOL), &packages, say)?;
    Ok(program(&environment))
}

/// An environment in the cache of the machine, by its name there and a program that it must have,
/// with packages in it.
fn cached(
    project: &PyProject,
    options: &BuildOptions,
    (name, program): (&str, &str),
    packages: &[String],
    say: Report<'_>,
) -> Result<PathBuf, BuildError> {
    let components = project.components();
    let own = components.parent().unwrap_or(&components);
    let cache = options.cache_dir.as_deref().unwrap_or(own).join("python");
    let environment = cache.join(name);
    let _lock = lock(&cache.join("install.lock"), say)?;
    if !is_whole(&environment, program) {
        if !packages.is_empty() {
            say(&format!(
                "installing {} (once, about 25 MB)",
                packages.join(" ")
            ));
        }
        make(&environment, packages)?;
        mark_whole(&environment, program, &packages.join(" "))?;
    }
    Ok(environment)
}

/// Whether an installation has ended with the program that it was made for.
fn is_whole(environment: &Path, program: &str) -> bool {
    environment.join(WHOLE).is_file() && environment.join("bin").join(program).is_file()
}

/// Says so of one that has ended, unless it lacks the program.
fn mark_whole(environment: &Path, program: &str, packages: &str) -> Result<(), BuildError> {
    let program = environment.join("bin").join(program);
    if !program.is_file() {
        return Err(BuildError::Tool {
            tool: packages.to_owned(),
            reason: format!(
                "has no program {}; take the version that tailor is made for, {COMPONENTIZE}",
                program.display()
            ),
        });
    }
    let whole = environment.join(WHOLE);
    std::fs::write(&whole, "").map_err(BuildError::io("write", whole))
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
    if packages.is_empty() {
        return Ok(());
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
            installed(&both).unwrap(),
            ["isodate-0.7.2", "typing-extensions-4.12.2"]
        );
        assert_eq!(needed(&both, &environment).unwrap(), packages);
        let conditional = ["isodate==0.7.2", "tomli>=2; python_version < '3.10'"];
        assert!(needed(&project(&folder, &conditional), &environment).is_ok());
        assert!(needed(&project(&folder, &["isodate==0.7.1"]), &environment).is_err());
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
        assert!(installed(&project(&folder, &[])).unwrap().is_empty());
        std::fs::write(folder.join(requirements::FILE), "isodate==1\n").unwrap();
        assert_eq!(installed(&both).unwrap(), ["isodate==1\n"]);
    }

    #[test]
    fn an_installation_without_its_program_is_not_taken_for_whole() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        let error = mark_whole(root.path(), TOOL, "componentize-py==0.1.0").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "componentize-py==0.1.0: has no program {}; take the version that tailor is made \
                 for, {COMPONENTIZE}",
                bin.join(TOOL).display()
            )
        );
        std::fs::write(root.path().join(WHOLE), "").unwrap();
        assert!(!is_whole(root.path(), TOOL));
        std::fs::write(bin.join(TOOL), "").unwrap();
        mark_whole(root.path(), TOOL, "").unwrap();
        assert!(is_whole(root.path(), TOOL));
    }
}

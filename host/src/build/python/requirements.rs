//! The packages of a BFF, pinned: `requirements.txt` beside its pyproject.toml has each with its
//! version and the hash of its wheel, so that a second machine gets the same bytes or none.
//!
//! Only wheels are taken, of one Python and system whatever this machine has: no package's code
//! runs when it is installed, and the hashes are the same everywhere. Modules in C are not loaded in
//! a component. Many packages do without them; one that does not is named when its import fails.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::super::command::run;
use super::super::component::write_whole;
use super::super::pyproject::{MANIFEST, PyProject, name_of};
use super::super::stamp::{digest, files_below};
use super::super::{BuildError, Report};
use super::pip::{MISSING, clean, pip_reason};

/// The file of pins, beside the manifest.
pub(super) const FILE: &str = "requirements.txt";
/// Begins one that the build wrote, before the dependencies that it is of.
const OURS: &str = "# Pinned by `tailor build`, of ";
/// The wheels that are taken: those for the interpreter in a component, and where there are modules
/// in C, for one system.
const WHEELS: [&str; 12] = [
    "--only-binary=:all:",
    "--python-version",
    "3.14",
    "--implementation",
    "cp",
    "--platform",
    "manylinux2014_x86_64",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "any",
    "--no-input",
];
/// The file in a folder of packages that has the digest of the pins.
const STAMP: &str = "tailor.stamp";

/// The folder that packages are installed into.
pub(super) fn folder(project: &PyProject) -> PathBuf {
    let python = project.components().with_file_name("python");
    python.join(&project.name).join("packages")
}

/// The pins of a project, if it has any.
pub(super) fn pins(project: &PyProject) -> Result<Option<String>, BuildError> {
    let file = project.folder.join(FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BuildError::io("read", file)(error)),
    }
}

/// Installs what is pinned, and pins before that what is not. Returns the folder of the packages.
pub(super) fn ready(
    project: &PyProject,
    python: &Path,
    say: Report<'_>,
) -> Result<PathBuf, BuildError> {
    let file = project.folder.join(FILE);
    let heading = format!("{OURS}{:?}", project.dependencies);
    let pins = match pins(project)? {
        Some(text) if !text.starts_with(OURS) => {
            check(project, &text)?;
            text
        }
        Some(text) if text.lines().next() == Some(&heading) => text,
        _ => {
            say(&format!(
                "pinning the packages of {} ({FILE})",
                project.name
            ));
            let text = pin(project, python, &heading)?;
            write_whole(&file, text.as_bytes())?;
            text
        }
    };
    let packages = folder(project);
    let wanted = digest([pins.as_bytes()]);
    let stamp = packages.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(packages);
    }
    say(&format!(
        "installing the packages of {} ({FILE})",
        project.name
    ));
    let new = scratch(project)?;
    let mut pip = pip(python, "install");
    pip.args(["--no-deps", "--require-hashes", "--target"])
        .arg(new.path())
        .args(WHEELS)
        .arg("-r")
        .arg(&file);
    succeed(&mut pip, format!("pip install -r {FILE}"))?;
    let written = new.path().join(STAMP);
    std::fs::write(&written, wanted).map_err(BuildError::io("write", &written))?;
    if packages.exists() {
        std::fs::remove_dir_all(&packages).map_err(BuildError::io("remove", &packages))?;
    }
    std::fs::rename(new.keep(), &packages).map_err(BuildError::io("move to", &packages))?;
    Ok(packages)
}

/// A folder beside that of the packages, which is removed unless it takes its place.
fn scratch(project: &PyProject) -> Result<tempfile::TempDir, BuildError> {
    let packages = folder(project);
    let beside = packages.parent().unwrap_or(&packages);
    std::fs::create_dir_all(beside).map_err(BuildError::io("make the folder", beside))?;
    let made = tempfile::Builder::new()
        .prefix(".packages-")
        .tempdir_in(beside);
    made.map_err(BuildError::io("make a folder in", beside))
}

/// Whether pins that somebody else made have all that the manifest asks for.
fn check(project: &PyProject, pins: &str) -> Result<(), BuildError> {
    let pinned: Vec<String> = pins.lines().map(name_of).collect();
    // One with a condition may not be wanted here.
    let names = project.dependencies.iter().filter(|it| !it.contains(';'));
    let missing: Vec<&str> = names
        .filter(|it| !pinned.contains(&name_of(it)))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(BuildError::Unsuitable {
        file: project.folder.join(FILE),
        reason: format!(
            "it lacks {}, which {MANIFEST} asks for: make it anew as it was made (`uv export`, \
             `pip-compile --generate-hashes`), or remove it, and the build writes one",
            missing.join(", ")
        ),
    })
}

/// The pins of what the manifest asks for, with all that these need.
fn pin(project: &PyProject, python: &Path, heading: &str) -> Result<String, BuildError> {
    if let Some(other) = project.dependencies.iter().find(|it| it.contains('@')) {
        return Err(BuildError::Unsuitable {
            file: project.folder.join(MANIFEST),
            reason: format!(
                "{other:?} cannot be pinned, because it is no version of a package index: put its \
                 source into a folder of \"path\" of [tool.tailor]"
            ),
        });
    }
    let wheels = scratch(project)?;
    let mut pip = pip(python, "download");
    pip.arg("--dest")
        .arg(wheels.path())
        .args(WHEELS)
        .arg("--")
        .args(&project.dependencies);
    succeed(
        &mut pip,
        format!("pip download {}", project.dependencies.join(" ")),
    )?;
    let mut text = format!("{heading}\n# Remove this file for newer versions.\n");
    let mut found = files_below(wheels.path(), &|_| false)?;
    found.sort();
    for wheel in found {
        let bytes = std::fs::read(&wheel).map_err(BuildError::io("read", &wheel))?;
        let name = wheel.file_name().unwrap_or_default().to_string_lossy();
        let mut parts = name.split('-');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next());
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        text += &format!(
            "{}=={} \\\n    --hash=sha256:{hash}\n",
            name_of(name),
            version.unwrap_or_default()
        );
    }
    Ok(text)
}

fn pip(python: &Path, action: &str) -> Command {
    let mut pip = clean(Command::new(python));
    pip.args([
        "-m",
        "pip",
        action,
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip
}

fn succeed(pip: &mut Command, command: String) -> Result<(), BuildError> {
    let finished = run(pip, MISSING)?;
    if finished.ok {
        return Ok(());
    }
    Err(BuildError::Command {
        command,
        detail: format!(
            "{}; only wheels for Python 3.14 are taken: of a package that has none, put its source \
             into a folder of \"path\" of [tool.tailor]",
            pip_reason(&finished)
        ),
    })
}

/// The package whose module in C was asked for, if that is why an import failed.
pub(super) fn needs_c(printed: &str, packages: &Path) -> Option<String> {
    let records = std::fs::read_dir(packages).ok()?.flatten();
    let records = records.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (package, version) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
        let record = std::fs::read_to_string(entry.path().join("RECORD")).ok()?;
        Some((format!("{} {version}", name_of(package)), record))
    });
    let lines: Vec<&str> = printed
        .lines()
        .filter(|line| line.contains("Error: "))
        .collect();
    for (package, record) in records {
        let files = record.lines().filter_map(|line| line.split(',').next());
        for file in files.filter(|it| it.ends_with(".so")) {
            let module = file.split('.').next().unwrap_or(file).replace('/', ".");
            let name = module.rsplit('.').next().unwrap_or(&module);
            let is_named = |line: &&&str| {
                line.contains(&format!("'{module}'")) || line.contains(&format!("'{name}'"))
            };
            if lines.iter().any(|line| is_named(&line)) {
                return Some(format!(
                    "the package {package} needs its code in C ({file}), which is not there in a \
                     component: take a package in pure Python"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(folder: &Path, dependencies: &[&str]) -> PyProject {
        let text = format!("[project]\ndependencies = {dependencies:?}\n");
        std::fs::write(folder.join(MANIFEST), text).unwrap();
        PyProject::read(folder).unwrap().unwrap().0
    }

    /// A stand-in for a Python with pip: notes how it is called, and does what pip would.
    fn python(folder: &Path, then: &str) -> PathBuf {
        let file = folder.join("python");
        let text = format!(
            "#!/bin/sh\necho \"$@\" >> {}/calls\n{then}\n",
            folder.display()
        );
        write_whole(&file, text.as_bytes()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        file
    }

    const PIP: &str = r#"
        while [ $# -gt 0 ]; do
          case "$1" in
            --dest) printf wheel > "$2/Iso_Date-0.7.2-py3-none-any.whl" ;;
            --target) printf 1 > "$2/isodate.py" ;;
          esac
          shift
        done"#;

    #[test]
    fn packages_are_pinned_once_and_installed_where_the_pins_changed() {
        let root = tempfile::tempdir().unwrap();
        let made = project(root.path(), &["iso.date==0.7.2"]);
        let python = python(root.path(), PIP);
        let mut said = Vec::new();
        let mut ready = |project: &PyProject| {
            super::ready(project, &python, &mut |line| said.push(line.to_owned())).unwrap()
        };
        let packages = ready(&made);
        assert!(packages.join("isodate.py").is_file());
        let pins = std::fs::read_to_string(root.path().join(FILE)).unwrap();
        assert_eq!(
            pins,
            "# Pinned by `tailor build`, of [\"iso.date==0.7.2\"]\n# Remove this file for newer \
             versions.\niso-date==0.7.2 \\\n    --hash=sha256:\
             ba59926159d2aa256eb8739b8da7e2b574b960e1202c6d624cbe981cef996c91\n"
        );
        ready(&made);
        let calls = || std::fs::read_to_string(root.path().join("calls")).unwrap();
        assert_eq!(calls().lines().count(), 2, "{}", calls());
        let install = calls().lines().nth(1).unwrap().to_owned();
        assert!(install.contains("--require-hashes"), "{install}");
        // What the manifest asks for has changed.
        ready(&project(root.path(), &["iso.date"]));
        assert_eq!(calls().lines().count(), 4, "{}", calls());
        // Pins of others are taken as they are.
        std::fs::write(root.path().join(FILE), "iso-date==1 --hash=sha256:0\n").unwrap();
        ready(&made);
        assert_eq!(calls().lines().count(), 5, "{}", calls());
        assert_eq!(said.len(), 5, "{said:?}");
    }

    #[test]
    fn pins_that_lack_a_package_and_packages_that_cannot_be_pinned_are_named() {
        let root = tempfile::tempdir().unwrap();
        let python = python(
            root.path(),
            "echo 'ERROR: No matching distribution found' >&2; exit 1",
        );
        let of = |dependencies: &[&str]| {
            let made = project(root.path(), dependencies);
            ready(&made, &python, &mut |_| {}).unwrap_err().to_string()
        };
        let said = of(&["docopt"]);
        assert_eq!(
            said,
            "pip download docopt: No matching distribution found; only wheels for Python 3.14 are \
             taken: of a package that has none, put its source into a folder of \"path\" of \
             [tool.tailor]"
        );
        let said = of(&["mine @ https://example.test/mine.whl"]);
        assert!(
            said.contains("it is no version of a package index"),
            "{said}"
        );
        std::fs::write(root.path().join(FILE), "isodate==0.7.2\n").unwrap();
        let said = of(&["isodate", "jinja2>=3"]);
        assert!(
            said.contains("requirements.txt: not a BFF: it lacks jinja2>=3"),
            "{said}"
        );
    }

    #[test]
    fn a_package_that_needs_its_code_in_c_is_named() {
        let root = tempfile::tempdir().unwrap();
        for (package, file) in [
            (
                "pydantic_core-2.41.5",
                "pydantic_core/_pydantic_core.cpython-314-x86_64-linux-gnu.so",
            ),
            (
                "markupsafe-3.0.3",
                "markupsafe/_speedups.cpython-314-x86_64-linux-gnu.so",
            ),
        ] {
            let folder = root.path().join(format!("{package}.dist-info"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("RECORD"), format!("{file},sha256=1,2\n")).unwrap();
        }
        let printed = "ModuleNotFoundError: No module named 'pydantic_core._pydantic_core'\n";
        let said = needs_c(printed, root.path()).unwrap();
        assert!(
            said.starts_with("the package pydantic-core 2.41.5 needs its code in C"),
            "{said}"
        );
        for printed in ["KeyError: 'steps'\n", "    _pydantic_core\n", ""] {
            assert_eq!(needs_c(printed, root.path()), None);
        }
    }
}

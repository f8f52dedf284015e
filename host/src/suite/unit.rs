//! The BFF's own tests: those that its language has.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::build::python_tests;

/// Bytes of the output that are kept, from its end.
const MAX_OUTPUT: u64 = 256 << 10;

/// How the BFF's own tests ended.
#[derive(Debug)]
pub struct UnitRun {
    /// The command: `cargo test`.
    pub command: &'static str,
    /// Whether they passed.
    pub passed: bool,
    /// What they printed, as it came.
    pub output: String,
    /// How long they took.
    pub took: Duration,
}

/// The BFF's own tests cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{command} in {}: cannot be run: {source}; --no-unit leaves it out", folder.display())]
pub struct UnitError {
    command: &'static str,
    folder: PathBuf,
    source: std::io::Error,
}

/// Runs them: `cargo test` in a Cargo package, `npm test` in a package with that script, `python3 -m
/// unittest` in a Python project with a folder `tests`. Nothing where there are none.
///
/// # Errors
///
/// When the program cannot be started.
pub fn unit_tests(folder: &Path) -> Result<Option<UnitRun>, UnitError> {
    let failed = |command| {
        let folder = folder.to_owned();
        move |source| UnitError {
            command,
            folder,
            source,
        }
    };
    let (program, command) = match () {
        () if folder.join("Cargo.toml").is_file() => (tests_of("cargo"), "cargo test"),
        () if has_script(folder) => (tests_of("npm"), "npm test"),
        () if folder.join("pyproject.toml").is_file() && folder.join("tests").is_dir() => {
            let command = "python3 -m unittest";
            let program = python_tests(folder).map_err(std::io::Error::other);
            (program.map_err(failed(command))?, command)
        }
        () => return Ok(None),
    };
    let started = Instant::now();
    let (passed, output) = test(program, folder).map_err(failed(command))?;
    Ok(Some(UnitRun {
        command,
        passed,
        output,
        took: started.elapsed(),
    }))
}

fn tests_of(program: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("test");
    command
}

fn has_script(folder: &Path) -> bool {
    let text = std::fs::read(folder.join("package.json")).unwrap_or_default();
    let json = serde_json::from_slice::<serde_json::Value>(&text).unwrap_or_default();
    json["scripts"]["test"].is_string()
}

/// Whether they passed, and the end of what they printed. A file holds it all in its order, however
/// much there is.
fn test(mut program: Command, folder: &Path) -> std::io::Result<(bool, String)> {
    let mut output = tempfile::tempfile()?;
    let status = program
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?)
        .status()?;
    let length = output.seek(SeekFrom::End(0))?;
    output.seek(SeekFrom::Start(length.saturating_sub(MAX_OUTPUT)))?;
    let mut end = Vec::new();
    output.read_to_end(&mut end)?;
    Ok((status.success(), String::from_utf8_lossy(&end).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_the_script_has_no_tests() {
        let dir = tempfile::tempdir().unwrap();
        for (text, has) in [
            ("{\"scripts\": {\"build\": \"x\"}}", false),
            ("no JSON", false),
            ("{\"scripts\": {\"test\": \"x\"}}", true),
        ] {
            std::fs::write(dir.path().join("package.json"), text).unwrap();
            assert_eq!(has_script(dir.path()), has, "{text}");
        }
        std::fs::remove_file(dir.path().join("package.json")).unwrap();
        assert!(unit_tests(dir.path()).unwrap().is_none());
    }
}

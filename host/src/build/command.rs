//! Runs other programs and keeps what they print; the lock that makes two builds take turns.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::Command;

use super::{BuildError, Report};

/// How a program ended, with what it printed as text.
pub(super) struct Finished {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Everything it printed, errors first. For messages.
    pub(super) fn printed(&self) -> String {
        let parts = [self.stderr.trim(), self.stdout.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    /// The line that says why it failed: the first that begins with `error` or `E:`, else the last
    /// one.
    pub(super) fn reason(&self) -> String {
        let printed = self.printed();
        let lines = || printed.lines().map(str::trim);
        let lead = |line: &&str| {
            ["error", "Error", "E:"]
                .iter()
                .any(|word| line.starts_with(word))
        };
        let line = lines().find(lead).or_else(|| lines().next_back());
        shorten(line.unwrap_or("it failed and printed nothing"))
    }
}

/// Both ends of a long line: the failure is at the start, and its cause at the end.
fn shorten(line: &str) -> String {
    /// Characters at each end.
    const END: usize = 100;
    let characters = line.chars().count();
    if characters <= 2 * END {
        return line.to_owned();
    }
    let first: String = line.chars().take(END).collect();
    let last: String = line.chars().skip(characters - END).collect();
    format!("{first} ... {last}")
}

/// Runs `command` to its end. Its standard input is empty, so that nothing waits for an answer.
///
/// An error is only that it could not be started; `missing` says what the program is for and where
/// it comes from.
pub(super) fn run(command: &mut Command, missing: &str) -> Result<Finished, BuildError> {
    let output = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|cause| not_started(command, &cause, missing))?;
    Ok(Finished {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Whether a program exists and succeeds: `answers(Command::new("sudo").args(["-n", "true"]))`.
pub(super) fn answers(command: &mut Command) -> bool {
    run(command, "").is_ok_and(|finished| finished.ok)
}

pub(super) fn not_started(command: &Command, cause: &std::io::Error, missing: &str) -> BuildError {
    let reason = if cause.kind() == std::io::ErrorKind::NotFound {
        format!("not found; {missing}")
    } else {
        format!("cannot be started ({cause}); {missing}")
    };
    BuildError::Tool {
        tool: command.get_program().to_string_lossy().into_owned(),
        reason,
    }
}

/// A lock that is held until it is dropped. The system frees it when a process dies, so that it
/// never has to be cleaned up.
pub(super) struct Lock {
    _file: File,
}

/// Takes the lock `path`, making its folder. Waits while another process has it, and reports that.
pub(super) fn lock(path: &Path, say: Report<'_>) -> Result<Lock, BuildError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(BuildError::io("make the folder", folder))?;
    }
    let file = File::create(path).map_err(BuildError::io("open the lock", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say("waiting for another build to end");
            file.lock().map_err(BuildError::io("lock", path))?;
        }
        Err(TryLockError::Error(cause)) => return Err(BuildError::io("lock", path)(cause)),
    }
    Ok(Lock { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_failure_is_told_by_its_error_line() {
        let failed = |stderr: &str| Finished {
            ok: false,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let rustup = "info: downloading component\nerror: component download failed\n\nCaused by:\n  0: partially\n";
        assert_eq!(failed(rustup).reason(), "error: component download failed");
        let apt = "Reading package lists...\nE: Unable to locate package rustc-web\n";
        assert_eq!(
            failed(apt).reason(),
            "E: Unable to locate package rustc-web"
        );
        assert_eq!(failed("one\ntwo\n").reason(), "two");
        assert_eq!(failed("").reason(), "it failed and printed nothing");
        let long = format!("error: no download{}: connection refused", "ä".repeat(500));
        let reason = failed(&long).reason();
        assert!(reason.starts_with("error: no download"), "{reason}");
        assert!(reason.ends_with(": connection refused"), "{reason}");
        assert_eq!(reason.chars().count(), 205);
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_the_way_out() {
        let error = run(&mut Command::new("no-such-program"), "it comes with Node").err();
        assert_eq!(
            error.unwrap().to_string(),
            "no-such-program: not found; it comes with Node"
        );
    }

    #[test]
    fn a_second_build_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/build.lock");
        let first = lock(&path, &mut |_| {}).unwrap();
        let (said, heard) = mpsc::channel();
        let second = std::thread::spawn(move || {
            let _taken = lock(&path, &mut |line| said.send(line.to_owned()).unwrap()).unwrap();
            said.send("taken".to_owned()).unwrap();
        });
        assert_eq!(heard.recv().unwrap(), "waiting for another build to end");
        let early = heard.recv_timeout(Duration::from_millis(50));
        assert!(early.is_err(), "both have the lock");
        drop(first);
        assert_eq!(heard.recv().unwrap(), "taken");
        second.join().unwrap();
    }
}

//! The BFF's own tests: those that its language has.

use std::fmt;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::build::{NO_TESTS, python_tests};
use crate::sync;

/// Bytes of the output that are kept, from its end.
const MAX_OUTPUT: u64 = 256 << 10;
/// Bytes of output after which tests are ended: it is kept in a file until then.
const MAX_WRITTEN: u64 = 64 << 20;
/// How often the tests are looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// How the BFF's own tests ended.
#[derive(Debug)]
pub struct UnitRun {
    /// The command: `cargo test`.
    pub command: &'static str,
    /// How it ended.
    pub ended: Ended,
    /// What they printed, as it came.
    pub output: String,
    /// How long they took.
    pub took: Duration,
}

impl UnitRun {
    /// Whether they passed.
    pub fn passed(&self) -> bool {
        self.ended == Ended::Passed
    }
}

/// How tests ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All is well.
    Passed,
    /// With this code.
    Failed(i32),
    /// A signal killed them.
    Killed(i32),
    /// They took longer than this.
    TimedOut(Duration),
    /// They printed more than there is room for.
    TooMuch,
    /// The run was interrupted.
    Interrupted,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(code) => write!(f, "ended with code {code}"),
            Self::Killed(signal) => write!(f, "was killed by signal {signal}"),
            Self::TimedOut(limit) => {
                let seconds = limit.as_secs();
                write!(f, "was ended after {seconds} s (--unit-timeout)")
            }
            Self::TooMuch => write!(f, "was ended after {MAX_WRITTEN} bytes of output"),
            Self::Interrupted => f.write_str("was interrupted"),
        }
    }
}

/// The BFF's own tests cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("{command} in {}: cannot be run: {source}; --no-unit leaves it out", folder.display())]
pub struct UnitError {
    command: &'static str,
    folder: PathBuf,
    source: io::Error,
}

/// Ends the tests that run, and those that would be run next, from another thread.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    is_over: bool,
    /// The process groups of the tests that run.
    running: Vec<Pid>,
}

impl Interrupt {
    /// Ends them.
    pub fn end(&self) {
        let mut state = sync::lock(&self.0);
        state.is_over = true;
        for group in &state.running {
            kill(*group);
        }
    }

    /// Starts a program in a group of its own; nothing when it is over.
    fn start(&self, command: &mut Command) -> io::Result<Option<Running>> {
        let mut state = sync::lock(&self.0);
        if state.is_over {
            return Ok(None);
        }
        let child = command.process_group(0).spawn()?;
        let group = Pid::from_child(&child);
        state.running.push(group);
        Ok(Some(Running {
            child,
            group,
            interrupt: self.clone(),
        }))
    }

    fn is_over(&self) -> bool {
        sync::lock(&self.0).is_over
    }
}

/// A program with all that it starts.
struct Running {
    child: Child,
    group: Pid,
    interrupt: Interrupt,
}

impl Running {
    /// Whether it has ended. Nobody has waited for it then, so that its number is still its own.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.group), options)?.is_some())
    }

    /// Ends it, and what it has started.
    fn end(&mut self) -> io::Result<ExitStatus> {
        kill(self.group);
        let mut state = sync::lock(&self.interrupt.0);
        state.running.retain(|group| *group != self.group);
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It was ended before, but for errors.
        let is_there = sync::lock(&self.interrupt.0).running.contains(&self.group);
        if is_there {
            let _ = self.end();
        }
    }
}

fn kill(group: Pid) {
    // All of it may have ended by itself.
    let _ = kill_process_group(group, Signal::KILL);
}

/// Runs them: `cargo test` in a Cargo package, `npm test` in a package with that script, `python3 -m
/// unittest` in a Python project with a folder `tests`. Nothing where there are none. All that the
/// tests start ends with them, or after `limit`.
///
/// # Errors
///
/// When the program cannot be started.
pub fn unit_tests(
    folder: &Path,
    limit: Duration,
    interrupt: &Interrupt,
) -> Result<Option<UnitRun>, UnitError> {
    let failed = |command| {
        let folder = folder.to_owned();
        move |source| UnitError {
            command,
            folder,
            source,
        }
    };
    let (mut program, command) = match () {
        () if folder.join("Cargo.toml").is_file() => (tests_of("cargo"), "cargo test"),
        () if has_script(folder) => (tests_of("npm"), "npm test"),
        () if folder.join("pyproject.toml").is_file() && folder.join("tests").is_dir() => {
            let command = "python3 -m unittest";
            let program = python_tests(folder).map_err(io::Error::other);
            (program.map_err(failed(command))?, command)
        }
        () => return Ok(None),
    };
    let started = Instant::now();
    program.current_dir(folder);
    let ran = test(&mut program, limit, MAX_WRITTEN, interrupt);
    let (ended, output) = ran.map_err(failed(command))?;
    Ok(Some(UnitRun {
        command,
        ended,
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
    let test = json["scripts"]["test"].as_str();
    test.is_some_and(|test| test != NO_TESTS)
}

/// How they ended, and the end of what they printed. A file holds it in its order.
#[expect(
    clippy::disallowed_methods,
    reason = "on a thread that waits for a program, and for nothing else"
)]
fn test(
    command: &mut Command,
    limit: Duration,
    max_written: u64,
    interrupt: &Interrupt,
) -> io::Result<(Ended, String)> {
    let mut output = tempfile::tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output.try_clone()?);
    let started = Instant::now();
    let Some(mut running) = interrupt.start(command)? else {
        return Ok((Ended::Interrupted, String::new()));
    };
    let stopped = loop {
        if running.has_ended()? {
            break None;
        }
        if started.elapsed() >= limit {
            break Some(Ended::TimedOut(limit));
        }
        if output.metadata()?.len() > max_written {
            break Some(Ended::TooMuch);
        }
        sleep(INTERVAL);
    };
    let status = running.end()?;
    // Of one that was interrupted, the signal would be told.
    let ended = match interrupt.is_over() {
        true => Ended::Interrupted,
        false => stopped.unwrap_or_else(|| Ended::of(status)),
    };
    let length = output.seek(SeekFrom::End(0))?;
    output.seek(SeekFrom::Start(length.saturating_sub(MAX_OUTPUT)))?;
    let mut end = Vec::new();
    output.take(MAX_OUTPUT).read_to_end(&mut end)?;
    Ok((ended, String::from_utf8_lossy(&end).into_owned()))
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(0), _) => Self::Passed,
            (Some(code), _) => Self::Failed(code),
            (None, signal) => Self::Killed(signal.unwrap_or_default()),
        }
    }
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
            (
                r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#,
                false,
            ),
        ] {
            std::fs::write(dir.path().join("package.json"), text).unwrap();
            assert_eq!(has_script(dir.path()), has, "{text}");
        }
        std::fs::remove_file(dir.path().join("package.json")).unwrap();
        let ran = unit_tests(dir.path(), Duration::MAX, &Interrupt::default());
        assert!(ran.unwrap().is_none());
    }

    const LONG: Duration = Duration::from_secs(60);

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn ran(script: &str, limit: Duration, max_written: u64) -> (Ended, String) {
        test(&mut sh(script), limit, max_written, &Interrupt::default()).unwrap()
    }

    #[test]
    fn each_end_is_told() {
        assert_eq!(
            ran("echo a; echo b >&2", LONG, 100),
            (Ended::Passed, "a\nb\n".to_owned())
        );
        assert_eq!(ran("exit 3", LONG, 100).0, Ended::Failed(3));
        assert_eq!(ran("kill -9 $$", LONG, 100).0, Ended::Killed(9));
        assert_eq!(ran("yes", LONG, 1 << 20).0, Ended::TooMuch);
        let short = Duration::from_millis(50);
        assert_eq!(ran("sleep 600", short, 100).0, Ended::TimedOut(short));
    }

    /// Whether a process has ended: nothing of it is left, or nobody has waited for it yet.
    fn has_ended(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    }

    #[test]
    fn nothing_that_tests_start_outlives_them_or_an_interrupt() {
        let short = Duration::from_millis(200);
        for (script, limit) in [
            ("sleep 600 & echo $!", LONG),
            ("sleep 600 & echo $!; wait", short),
        ] {
            let (_, printed) = ran(script, limit, 100);
            // The signal is on its way.
            while !has_ended(printed.trim()) {
                std::thread::yield_now();
            }
        }
        let interrupt = Interrupt::default();
        let other = interrupt.clone();
        let running = std::thread::spawn(move || test(&mut sh("sleep 600"), LONG, 100, &other));
        while sync::lock(&interrupt.0).running.is_empty() {
            std::thread::yield_now();
        }
        interrupt.end();
        assert_eq!(running.join().unwrap().unwrap().0, Ended::Interrupted);
        assert_eq!(
            test(&mut sh("true"), LONG, 100, &interrupt).unwrap().0,
            Ended::Interrupted
        );
    }
}

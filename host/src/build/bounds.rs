//! Runs a program within a time and an amount of memory, and ends it when it goes past them.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::BuildError;
use super::command::{Finished, not_started};
use super::folder::Bounds;

/// How often time and memory are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How a program ended.
pub(super) enum Ended {
    Finished(Finished),
    /// It was ended, because it went past its time.
    Time,
    /// It was ended, because it went past its memory.
    Memory,
}

/// Runs `command` to its end, or to its bounds. Its standard input is empty.
///
/// An error is only that it could not be started; `missing` says what the program is for and where
/// it comes from.
pub(super) fn run_within(
    command: &mut Command,
    missing: &str,
    bounds: Bounds,
) -> Result<Ended, BuildError> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|cause| not_started(command, &cause, missing))?;
    let waited = BuildError::io("wait for", command.get_program());
    let (send, printed) = mpsc::channel();
    read(child.stdout.take(), 0, &send);
    read(child.stderr.take(), 1, &send);
    drop(send);
    let end = Instant::now() + bounds.time;
    let mut texts = [String::new(), String::new()];
    loop {
        match printed.recv_timeout(LOOK) {
            Ok((stream, text)) => texts[stream] = text,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if Instant::now() >= end => {
                stop(&mut child);
                return Ok(Ended::Time);
            }
            Err(RecvTimeoutError::Timeout) if resident(child.id()) > bounds.memory => {
                stop(&mut child);
                return Ok(Ended::Memory);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let status = child.wait().map_err(waited)?;
    let [stdout, stderr] = texts;
    Ok(Ended::Finished(Finished {
        ok: status.success(),
        stdout,
        stderr,
    }))
}

/// Reads all that a stream has, on a thread of its own.
fn read(stream: Option<impl Read + Send + 'static>, index: usize, to: &Sender<(usize, String)>) {
    let (Some(mut stream), to) = (stream, to.clone()) else {
        return;
    };
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing; nobody listens when it was ended.
        let _ = stream.read_to_end(&mut bytes);
        let _ = to.send((index, String::from_utf8_lossy(&bytes).into_owned()));
    });
}

fn stop(child: &mut Child) {
    // It may have ended by itself just now.
    let _ = child.kill();
    let _ = child.wait();
}

/// Bytes of memory that a process has, as far as the system says.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(script: &str, bounds: Bounds) -> Ended {
        run_within(
            Command::new("sh").args(["-c", script]),
            "it is a shell",
            bounds,
        )
        .unwrap()
    }

    const WIDE: Bounds = Bounds {
        time: Duration::from_secs(60),
        memory: 1 << 40,
    };

    #[test]
    fn a_program_within_its_bounds_is_as_without_them() {
        let Ended::Finished(finished) = ended("echo one; echo two >&2; exit 3", WIDE) else {
            panic!("it was ended");
        };
        assert!(!finished.ok);
        assert_eq!((&*finished.stdout, &*finished.stderr), ("one\n", "two\n"));
    }

    #[test]
    fn a_program_past_its_time_or_memory_is_ended() {
        let time = Duration::from_millis(100);
        let short = Bounds { time, ..WIDE };
        assert!(matches!(ended("exec sleep 600", short), Ended::Time));
        if cfg!(target_os = "linux") {
            let small = Bounds { memory: 0, ..WIDE };
            assert!(matches!(ended("exec sleep 600", small), Ended::Memory));
        }
    }
}

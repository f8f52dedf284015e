//! The host's side: starts the compiler's process, talks to it over pipes, and ends it at each
//! limit. One thread does all of it and polls all pipes together, so that a full pipe blocks
//! nothing.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::process::Signal;

use super::error::{CompileError, SignalName};
use super::hello::{NO_MEMORY, REFUSED};
use super::queue::Job;
use super::talk::Conversation;
use crate::bff::error::LoadError;
use crate::config::Compile;

/// This very program, even after its file was replaced or removed.
pub(super) const PROGRAM: &str = "/proc/self/exe";
/// Interval of checks whether a process that has closed its pipes has ended.
const MOMENT: Duration = Duration::from_millis(1);
/// Interval of checks whether the compile is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The command of a compiler under these limits.
pub(super) fn command(limits: &Compile) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg0("tailor")
        .arg("compile-worker")
        .args(["--cpu", &limits.cpu_seconds().to_string()])
        .args(["--memory", &limits.memory.to_string()]);
    command
}

/// Has a component compiled by the process of a command, for as long as the job is wanted. `engine`
/// is the expected engine of the compiler, `most` the largest machine code, bytes.
pub(super) fn compile(
    command: &mut Command,
    limits: &Compile,
    job: &Job,
    engine: &str,
    most: usize,
    wasm: &[u8],
) -> Result<Vec<u8>, LoadError> {
    let end = Instant::now() + limits.timeout;
    let left = || left(end, limits, job);
    let mut process = Process::start(command).map_err(CompileError::Run)?;
    let mut talk = Conversation::new(engine, most, wasm);
    // An early return drops the process, which kills and reaps it.
    while process.is_open() {
        process.wait_for_pipes(&talk, LOOK.min(left()?))?;
        process.exchange(&mut talk)?;
    }
    let status = loop {
        match process.child.try_wait().map_err(CompileError::Run)? {
            Some(status) => break status,
            None => pause(MOMENT.min(left()?)),
        }
    };
    verdict(status, &talk.reason(), limits)?;
    Ok(talk.into_code()?)
}

/// The time that is left for a job.
fn left(end: Instant, limits: &Compile, job: &Job) -> Result<Duration, CompileError> {
    job.is_wanted()?;
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(CompileError::Time(limits.timeout));
    }
    Ok(left)
}

fn pause(time: Duration) {
    // Without a pipe to wait for, this is a sleep, and one that is cut short does no harm.
    let _ = poll(&mut [], Timespec::try_from(time).ok().as_ref());
}

/// A running compiler. Ended and reaped when it is dropped.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Process {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .env_clear()
            // The allocator would otherwise begin with a GiB of address space, of which there is a
            // limit.
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .current_dir("/")
            // A Ctrl-C in the host's terminal is for the host.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let process = Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
        };
        for pipe in process.pipes() {
            let flags = fcntl_getfl(pipe)?;
            fcntl_setfl(pipe, flags | OFlags::NONBLOCK)?;
        }
        Ok(process)
    }

    fn pipes(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let pipes = [
            self.stdin.as_ref().map(ChildStdin::as_fd),
            self.stdout.as_ref().map(ChildStdout::as_fd),
            self.stderr.as_ref().map(ChildStderr::as_fd),
        ];
        pipes.into_iter().flatten()
    }

    /// Whether the compiler may still say something.
    fn is_open(&self) -> bool {
        self.stdout.is_some() || self.stderr.is_some()
    }

    /// Waits until a pipe has something to read, or room for what is to be written.
    fn wait_for_pipes(&self, talk: &Conversation<'_>, time: Duration) -> Result<(), CompileError> {
        let stdin = self.stdin.as_ref().filter(|_| talk.may_write());
        let mut pipes: Vec<PollFd<'_>> = Vec::with_capacity(3);
        pipes.extend(stdin.map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        pipes.extend(
            self.stdout
                .as_ref()
                .map(|pipe| PollFd::new(pipe, PollFlags::IN)),
        );
        pipes.extend(
            self.stderr
                .as_ref()
                .map(|pipe| PollFd::new(pipe, PollFlags::IN)),
        );
        match poll(&mut pipes, Timespec::try_from(time).ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(CompileError::Run(error.into())),
        }
    }

    /// Writes what is possible at once, and reads a part: a compiler that never stops writing must
    /// not keep this from checking the time. A pipe at its end is closed.
    fn exchange(&mut self, talk: &mut Conversation<'_>) -> Result<(), CompileError> {
        if let Some(pipe) = &mut self.stdout
            && !talk.hear(pipe)?
        {
            self.stdout = None;
        }
        if let Some(pipe) = &mut self.stderr
            && !talk.hear_reason(pipe)?
        {
            self.stderr = None;
        }
        if let Some(pipe) = &mut self.stdin
            && talk.may_write()
            && !talk.write(pipe)
        {
            // Closing it ends the component's bytes.
            self.stdin = None;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An ended process is not killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Maps the exit of a compiler to a result.
fn verdict(status: ExitStatus, reason: &str, limits: &Compile) -> Result<(), LoadError> {
    let failed = || {
        let last = reason.lines().rev().find(|line| !line.trim().is_empty());
        last.map_or_else(|| status.to_string(), str::to_owned)
    };
    let out_of_memory = reason.contains("memory allocation of ");
    let error = match (status.code(), status.signal()) {
        (Some(0), _) => return Ok(()),
        (Some(code), _) if code == i32::from(REFUSED) => {
            return Err(LoadError::Compile(wasmtime::Error::msg(reason.to_owned())));
        }
        (Some(code), _) if code == i32::from(NO_MEMORY) => CompileError::Memory(limits.memory),
        (_, Some(signal)) if signal == Signal::XCPU.as_raw() => {
            CompileError::Cpu(limits.cpu_seconds())
        }
        (_, Some(signal)) if signal == Signal::ABORT.as_raw() && out_of_memory => {
            CompileError::Memory(limits.memory)
        }
        (_, Some(signal)) => CompileError::Killed(SignalName(signal)),
        (Some(_) | None, None) => CompileError::Failed(failed()),
    };
    Err(error.into())
}

//! The program itself, as a process: for its log, its signals and its exit code.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::components::root;
use tailor::sync;

/// How long a test waits for a line before it gives up, with everything that was printed. Some come
/// after half a minute of the processor, which a busy machine gives in several.
const TIMEOUT: Duration = Duration::from_secs(180);

/// A running `tailor serve`. Killed, and its output printed, when it is dropped.
pub struct Process {
    child: Child,
    lines: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Process {
    /// The program's file. The first call of a process builds it.
    ///
    /// # Errors
    ///
    /// When it does not build.
    pub fn program() -> anyhow::Result<PathBuf> {
        static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
        built.clone().map_err(anyhow::Error::msg)
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn run(arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(Command::new(Self::program()?)
            .args(arguments)
            .current_dir(root())
            .stdin(Stdio::null())
            .output()?)
    }

    /// Starts `tailor serve` with a configuration file, and waits until it serves. For
    /// [`Self::log`] and [`Self::wait_for`], set `log.format` to `json` there.
    ///
    /// # Errors
    ///
    /// When it ends or does not say that it serves.
    pub fn serve(config: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(Self::program()?);
        command.stdin(Stdio::null());
        Self::start(command, config)
    }

    /// The same, with two limits of open files: a soft and a hard one.
    ///
    /// # Errors
    ///
    /// When it ends or does not say that it serves.
    pub fn serve_within(config: &Path, soft: u64, hard: u64) -> anyhow::Result<Self> {
        Self::start(Self::within(soft, hard)?, config)
    }

    /// The program, with two limits of open files: a soft and a hard one.
    ///
    /// # Errors
    ///
    /// When it does not build.
    pub fn within(soft: u64, hard: u64) -> anyhow::Result<Command> {
        let mut shell = Command::new("sh");
        let limits = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
        shell
            .args(["-c", &limits])
            .arg(Self::program()?)
            .stdin(Stdio::null());
        Ok(shell)
    }

    /// The same with a program of one's own, which is given the arguments.
    ///
    /// # Errors
    ///
    /// When it ends or does not say that it serves.
    pub fn start(mut command: Command, config: &Path) -> anyhow::Result<Self> {
        let mut child = command
            .args(["serve", "--config"])
            .arg(config)
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().context("standard error")?;
        let lines = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let sink = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                sync::lock(&sink.0).push(line);
                sink.1.notify_all();
            }
        });
        let process = Self { child, lines };
        process.address()?;
        Ok(process)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The log so far, a JSON object per line; other lines are left out.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let lines = sync::lock(&self.lines.0);
        lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Everything that was printed to standard error so far, line by line.
    pub fn lines(&self) -> Vec<String> {
        let lines = sync::lock(&self.lines.0);
        lines.clone()
    }

    /// Waits for a line of the log.
    ///
    /// # Errors
    ///
    /// When none comes in some minutes.
    pub fn wait_for(
        &self,
        wanted: impl Fn(&serde_json::Value) -> bool,
    ) -> anyhow::Result<serde_json::Value> {
        self.wait_for_line(|line| serde_json::from_str(line).ok().filter(&wanted))
    }

    /// Waits for a line that `read` parses.
    ///
    /// # Errors
    ///
    /// When none comes in some minutes.
    pub fn wait_for_line<T>(&self, read: impl Fn(&str) -> Option<T>) -> anyhow::Result<T> {
        let find = |lines: &[String]| lines.iter().find_map(|line| read(line));
        let lines = sync::lock(&self.lines.0);
        let waited = self
            .lines
            .1
            .wait_timeout_while(lines, TIMEOUT, |lines| find(lines).is_none());
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        find(&lines).with_context(|| format!("no such line in the log:\n{}", lines.join("\n")))
    }

    /// The address that clients connect to.
    ///
    /// # Errors
    ///
    /// When the log does not have it.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.wait_for_line(serving)
    }

    /// Sends a signal by its name: `HUP`, `TERM`, `INT`.
    ///
    /// # Errors
    ///
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()?;
        ensure!(status.success(), "kill -{name}: {status}");
        Ok(())
    }

    /// The address of the admin listener.
    ///
    /// # Errors
    ///
    /// When the log does not have it.
    pub fn admin_address(&self) -> anyhow::Result<SocketAddr> {
        let line = self.wait_for(|line| line["message"] == "serving")?;
        Ok(line["admin"].as_str().context("admin")?.parse()?)
    }

    /// The most memory that it ever had resident, bytes.
    ///
    /// # Errors
    ///
    /// When the system does not say it.
    pub fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kilobytes.context("VmHWM")?.parse::<u64>()? << 10)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// When the request fails.
    pub fn try_wait(&mut self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> anyhow::Result<std::process::ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = sync::lock(&self.lines.0);
            eprintln!("the host's log:\n{}", lines.join("\n"));
        }
    }
}

/// The address in the line, of text or JSON, that says that the host serves.
fn serving(line: &str) -> Option<SocketAddr> {
    if let Ok(line) = serde_json::from_str::<serde_json::Value>(line) {
        let serves = line["message"] == "serving";
        return line["address"].as_str().filter(|_| serves)?.parse().ok();
    }
    let (_, rest) = line.split_once(" serving address=")?;
    rest.split(' ').next()?.parse().ok()
}

fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bin", "tailor"]);
    // Cargo says in these what the test is of. Build scripts that look at them, such as ring's,
    // would run anew, and all that is above them would be compiled twice in each run.
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let status = command.current_dir(root()).status()?;
    ensure!(status.success(), "cargo build --bin tailor: {status}");
    // Tests run from `deps` of the folder that the program is in.
    let tests = std::env::current_exe()?;
    let folder = tests
        .ancestors()
        .nth(2)
        .context("the folder of the build")?;
    Ok(folder.join("tailor"))
}

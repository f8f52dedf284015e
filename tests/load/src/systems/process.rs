//! A process that listens on a port.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::drive::Protocol;
use crate::process::Family;
use crate::run::Cell;
use crate::targets::Scenario;

/// How long a program may take until it accepts connections. The host compiles its components in
/// this time.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A measured program. Killed when it is dropped.
pub struct Running {
    /// The name in reports.
    pub label: String,
    /// Its address.
    pub address: SocketAddr,
    /// The requests that it can serve; all unless said otherwise.
    pub scenarios: &'static [Scenario],
    /// The protocols that it serves; both unless said otherwise.
    pub protocols: &'static [Protocol],
    /// The most requests at a time that it is measured with.
    pub most: usize,
    child: Child,
}

/// A port without a listener at this moment.
///
/// # Errors
///
/// When there is none.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port")?;
    Ok(listener.local_addr()?.port())
}

impl Running {
    /// Starts a program that will listen on `port`, and waits until it does. What it prints goes to
    /// a file below the folder of the build.
    ///
    /// # Errors
    ///
    /// When it ends, or does not listen within two minutes.
    pub fn start(label: &str, mut command: Command, port: u16) -> anyhow::Result<Self> {
        let log = log_file(label)?;
        let output = File::create(&log).with_context(|| log.display().to_string())?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        Self::spawn(label, command, port).with_context(|| format!("{label}: see {}", log.display()))
    }

    /// The same, with the command's own files.
    pub(crate) fn spawn(label: &str, mut command: Command, port: u16) -> anyhow::Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("{:?}: cannot be started", command.get_program()))?;
        let mut running = Self {
            label: label.to_owned(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            scenarios: &Scenario::ALL,
            protocols: &[Protocol::Http1, Protocol::Http2],
            most: usize::MAX,
            child,
        };
        running.wait_until_it_listens()?;
        Ok(running)
    }

    fn wait_until_it_listens(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{}: it ended at once: {status}", self.label);
            }
            if started.elapsed() > TIMEOUT {
                bail!("{}: it does not listen on {}", self.label, self.address);
            }
            pause();
        }
        Ok(())
    }

    /// Whether it can be measured under this kind of load.
    pub fn takes(&self, cell: &Cell) -> bool {
        self.scenarios.contains(&cell.scenario)
            && self.protocols.contains(&cell.protocol)
            && cell.at_a_time <= self.most
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The process and its children.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn family(&self) -> anyhow::Result<Family> {
        Family::of(self.child.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a program's output goes.
pub(super) fn log_file(label: &str) -> anyhow::Result<PathBuf> {
    let folder = super::target_dir()?.join("load");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder.join(format!("{label}.log")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no event loop here that it could block"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

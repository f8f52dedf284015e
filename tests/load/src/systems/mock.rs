//! The services behind what is measured: the mock services of the demo, in a process of their own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::process::Family;

/// The names of the services.
pub const SERVICES: [&str; 5] = ["activity", "heart", "sleep", "goals", "profile"];

/// The running services. They end with this process, however it ends.
pub struct Mock {
    child: Child,
    control: String,
    urls: Vec<(String, String)>,
}

impl Mock {
    /// Starts the services on free ports.
    ///
    /// # Errors
    ///
    /// When they do not start.
    pub fn start(program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args([
                "--base-port",
                "0",
                "--no-recording",
                "--exit-on-stdin-close",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}: cannot be started", program.display()))?;
        let stdout = child.stdout.take().context("standard output")?;
        let mut urls = Vec::new();
        for line in BufReader::new(stdout).lines().take(1 + SERVICES.len()) {
            let line = line?;
            let (name, url) = line.split_once(' ').context(line.clone())?;
            urls.push((name.to_owned(), url.to_owned()));
        }
        ensure!(urls.len() == 1 + SERVICES.len(), "the mock services ended");
        let (_, control) = urls.remove(0);
        Ok(Self {
            child,
            control,
            urls,
        })
    }

    /// Name and URL of each service.
    pub fn urls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.urls
            .iter()
            .map(|(name, url)| (name.as_str(), url.as_str()))
    }

    /// Sets the delay of every service before each answer; zero for none.
    ///
    /// # Errors
    ///
    /// When the control does not take it.
    pub fn delay(&self, delay: Duration) -> anyhow::Result<()> {
        for service in SERVICES {
            let path = format!("/services/{service}/fault");
            if delay.is_zero() {
                self.order("DELETE", &path, "")?;
            } else {
                let fault = format!(r#"{{"kind":"delay","ms":{}}}"#, delay.as_millis());
                self.order("PUT", &path, &fault)?;
            }
        }
        Ok(())
    }

    fn order(&self, method: &str, path: &str, body: &str) -> anyhow::Result<()> {
        let address = self.control.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).context("control of the mock services")?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(
            answer.starts_with("HTTP/1.1 200"),
            "mock services: {method} {path}: {answer}"
        );
        Ok(())
    }

    /// The process.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn family(&self) -> anyhow::Result<Family> {
        Family::of(self.child.id())
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

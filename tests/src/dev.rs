//! A running `tailor dev`, as its terminal shows it.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::Process;
use crate::components::{example, root};

/// Time for a line of the terminal on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(180);

/// A running `tailor dev`. It is ended with this value.
pub struct Dev {
    process: Child,
    lines: Receiver<String>,
    /// The lines that were read.
    pub seen: Vec<String>,
}

impl Dev {
    /// Starts it for a BFF's folder, on a free port.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn start(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::run(Command::new(Process::program()?), folder, arguments)
    }

    /// The same with colours.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn in_colours(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(Process::program()?);
        command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
        Self::run(command, folder, arguments)
    }

    fn run(mut command: Command, folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        command
            .arg("dev")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut process = command.spawn()?;
        let output = BufReader::new(process.stdout.take().context("its output")?);
        let (sender, lines) = channel();
        tailor::sync::thread("dev-output", move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self {
            process,
            lines,
            seen: Vec::new(),
        })
    }

    /// Waits for a line with this text, and returns it.
    ///
    /// # Errors
    ///
    /// When there is none for a long time; says what there was.
    pub fn line(&mut self, text: &str) -> anyhow::Result<String> {
        loop {
            let Ok(line) = self.lines.recv_timeout(TIMEOUT) else {
                bail!("no {text:?} in {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// The address that it serves on, once it does.
    ///
    /// # Errors
    ///
    /// When it does not say it.
    pub fn address(&mut self) -> anyhow::Result<SocketAddr> {
        let line = self.line("curl -i")?;
        let (_, rest) = line.split_once("http://").context("no address")?;
        Ok(rest.split('/').next().unwrap_or_default().parse()?)
    }
}

/// Makes the package `face` below `at`, a BFF in TypeScript with the packages of `partner`: its
/// source, and its fixtures by their names.
///
/// # Errors
///
/// When a file cannot be written, or those packages cannot be installed.
pub fn package(at: &Path, main: &str, fixtures: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    example("partner")?;
    let folder = at.join("face");
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::create_dir_all(folder.join("fixtures"))?;
    let packages = root().join("bffs/partner/node_modules");
    std::os::unix::fs::symlink(packages, at.join("node_modules"))?;
    let manifest = serde_json::json!({
        "name": "face",
        "private": true,
        "type": "module",
        "tailor": {"entry": "src/main.ts", "wit": root().join("wit")},
        "dependencies": {"@tailor/kit": "*"},
    });
    std::fs::write(folder.join("package.json"), manifest.to_string())?;
    let settings = r#"{"extends": "@tailor/kit/tsconfig.json", "include": ["src"]}"#;
    std::fs::write(folder.join("tsconfig.json"), settings)?;
    std::fs::write(folder.join("src/main.ts"), main)?;
    for (name, fixture) in fixtures {
        std::fs::write(folder.join("fixtures").join(name), fixture)?;
    }
    Ok(folder)
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! A host with any number of BFFs, all of the same code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::systems::{Mock, Running, free_port, target_dir};

/// The programs and components of the hosts.
pub(super) struct Hosts<'a> {
    pub(super) tailor: PathBuf,
    pub(super) component: PathBuf,
    pub(super) mock: &'a Mock,
}

impl Hosts<'_> {
    /// Starts a host with this many BFFs at `/b0`, `/b1` and so on. Each is a component of its own,
    /// with its own compiled code: equal files would be compiled once.
    pub(super) fn start(&self, bffs: usize) -> anyhow::Result<Running> {
        let folder = target_dir()?.join("load/scale");
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let bytes =
            std::fs::read(&self.component).with_context(|| self.component.display().to_string())?;
        let port = free_port()?;
        let mut config = format!(
            "server.listen = \"127.0.0.1:{port}\"\nserver.max-connections = 20000\nserver.idle-timeout = \"10m\"\n\
             admin.listen = \"127.0.0.1:{}\"\nengine.data-dir = \"data\"\n",
            free_port()?
        );
        for (name, url) in self.mock.urls().filter(|(name, _)| *name == "activity") {
            // Writing to a String does not fail.
            let _ = write!(
                config,
                "[downstream.{name}]\nurl = \"{url}\"\nmax-queued = 10000\ntimeout = \"20s\"\nfirst-byte-timeout = \"20s\"\n"
            );
        }
        for number in 0..bffs {
            let file = folder.join(format!("b{number}.wasm"));
            write_if_other(&file, &numbered(&bytes, number))?;
            let _ = write!(
                config,
                "[bff.b{number}]\ncomponent = \"b{number}.wasm\"\ndownstreams = [\"activity\"]\ndeadline = \"30s\"\n\
                 [bff.b{number}.limits]\ncalls = 50\nconcurrent-calls = 50\nconcurrency = 256\nqueue = 1024\n\
                 queue-timeout = \"2s\"\n[[route]]\nbff = \"b{number}\"\npath = \"/b{number}\"\n"
            );
        }
        let path = folder.join("tailor.toml");
        std::fs::write(&path, config).with_context(|| path.display().to_string())?;
        let mut command = Command::new(&self.tailor);
        command
            .args(["serve", "--config"])
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        Running::spawn("tailor", command, port)
            .with_context(|| format!("tailor serve --config {}", path.display()))
    }
}

/// The component with a custom section that holds a number: other bytes, same code.
fn numbered(component: &[u8], number: usize) -> Vec<u8> {
    let name = b"number";
    let number = format!("{number:08}");
    let size = 1 + name.len() + number.len();
    let mut bytes = component.to_vec();
    // All of these are far below 128, where a LEB128 number is one byte.
    bytes.extend([0, u8::try_from(size).unwrap_or_default()]);
    bytes.push(u8::try_from(name.len()).unwrap_or_default());
    bytes.extend(name);
    bytes.extend(number.as_bytes());
    bytes
}

fn write_if_other(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

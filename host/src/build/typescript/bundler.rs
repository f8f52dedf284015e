//! The kit's bundler as a process that stays, for an author's loop: it has read all files once, and
//! reads again those that have changed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde::Deserialize;

use super::super::npm::Modules;
use super::super::project::Package;

/// The argument by which it bundles anew for each line that it is sent.
const AGAIN: &str = "--again";

/// The process. It ends with its input, at the latest when this is dropped.
pub(super) struct Bundler {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What it says of a build.
#[derive(Debug, Deserialize)]
pub(super) struct Bundled {
    pub(super) ok: bool,
    pub(super) printed: String,
}

impl Bundler {
    /// Starts it, for a bundle that is always written to the same file. Nothing when it cannot be
    /// started: the caller then runs it as a production build does, which says why.
    pub(super) fn start(
        package: &Package,
        modules: &Modules,
        script: &Path,
        bundle: &Path,
    ) -> Option<Self> {
        let mut node = modules.script(script);
        node.arg(&package.entry).arg(bundle).arg(AGAIN);
        node.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = node.spawn().ok()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take()?);
        Some(Self {
            child,
            input,
            output,
        })
    }

    /// Bundles. Nothing when the process has ended, or answers something else.
    pub(super) fn bundle(&mut self) -> Option<Bundled> {
        self.input.as_mut()?.write_all(b"\n").ok()?;
        let mut line = String::new();
        self.output.read_line(&mut line).ok()?;
        serde_json::from_str(&line).ok()
    }
}

impl Drop for Bundler {
    fn drop(&mut self) {
        self.input = None;
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

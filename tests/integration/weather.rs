//! Faults of the machine: clocks that jump, full or read-only disks, and a thousand signals to
//! reload.

mod clock;
mod disks;
mod reloads;

use std::path::Path;

use tailor_harness::{Files, Process, TestHost};

use crate::swap::PAGE;
use crate::swap::page::{body, page};
use crate::wire::{Wire, get, until};

/// A configuration with the page `v1`, and the folder that it lives in.
pub fn write(more: &str) -> (std::path::PathBuf, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let config = format!("log.format = \"json\"\n{more}");
    builder.config(&config).config(PAGE).write().unwrap()
}

/// Puts a file in the place of another, as a deployment does.
pub fn replace(path: &Path, content: &[u8]) {
    let next = path.with_extension("next");
    std::fs::write(&next, content).unwrap();
    std::fs::rename(next, path).unwrap();
}

/// The version that answers, on a connection of its own.
pub async fn served(process: &Process) -> String {
    let answer = Wire::ask(process.address().unwrap(), &get("/page/x", "")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let version = answer.header("x-version").to_owned();
    assert_eq!(answer.body, body(&version));
    version
}

/// Publishes a version as `page.wasm` in this folder, and waits until it answers.
pub async fn publish(process: &Process, dir: &Path, version: &str) {
    replace(&dir.join("page.wasm"), &page(version));
    until(async || (served(process).await == version).then_some(())).await;
}

async fn admin(process: &Process, path: &str) -> String {
    let answer = Wire::ask(process.admin_address().unwrap(), &get(path, "")).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

/// Lines of the log that say this.
fn told(process: &Process, text: &str) -> Vec<String> {
    let mut lines = process.lines();
    lines.retain(|line| line.contains(text));
    lines
}

fn ends_well(process: &mut Process) {
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert_eq!(told(process, "panicked"), [""; 0]);
}

//! Compiling happens in a process of its own: its cost is bounded, and other requests are not
//! slowed down.

pub mod bombs;
mod confined;
mod given_up;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tailor_harness::{Files, Process, TestHost};

use crate::swap::page::{body, page};
use crate::wire::{Wire, get};

const CONFIG: &str = r#"
log.format = "json"
"#;

/// A host with two BFFs of one page each, `page` and `other`.
struct Two {
    process: Process,
    files: Files,
}

impl Two {
    fn start(settings: &str) -> Self {
        let (path, files) = Self::write(settings);
        let process = Process::serve(&path).unwrap();
        Self { process, files }
    }

    /// Writes the files of a host that is not started yet.
    fn write(settings: &str) -> (PathBuf, Files) {
        let mut builder = TestHost::builder().unwrap().config(CONFIG).config(settings);
        for name in ["page", "other"] {
            builder = builder
                .file(&format!("{name}.wasm"), &page("v1"))
                .unwrap()
                .config(&format!(
                    "[bff.{name}]\ncomponent = \"{name}.wasm\"\n\
                     [[route]]\nbff = \"{name}\"\npath = \"/{name}\"\n"
                ));
        }
        builder.write().unwrap()
    }

    fn replace(&self, name: &str, component: &[u8]) {
        replace(&self.files, name, component);
    }

    async fn serves(&self, name: &str) -> String {
        let address = self.process.address().unwrap();
        let answer = Wire::ask(address, &get(&format!("/{name}"), "")).await;
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Waits for the line that a new file of a BFF was refused, and returns the reason.
    fn refused(&self, name: &str) -> String {
        self.told(name, "new version is refused")
    }

    /// The same, for one that is tried again.
    fn postponed(&self, name: &str) -> String {
        self.told(name, "new version is not loaded and is tried again")
    }

    fn told(&self, name: &str, what: &str) -> String {
        let line = self
            .process
            .wait_for(|line| line["bff"] == name && said(line).contains(what));
        said(&line.unwrap()).to_owned()
    }

    fn live(&self, name: &str) {
        let line = self
            .process
            .wait_for(|line| line["bff"] == name && said(line) == "new version is live");
        line.unwrap();
    }

    /// The processes that compile for this host.
    fn compilers(&self) -> Vec<u32> {
        children(self.process.id())
    }

    /// Waits for a compiler, and returns its number.
    fn compiler(&self) -> u32 {
        loop {
            match self.compilers().first() {
                Some(id) => return *id,
                None => std::thread::yield_now(),
            }
        }
    }
}

fn replace(files: &Files, name: &str, component: &[u8]) {
    let file = files.path().join(name);
    std::fs::write(file.with_extension("new"), component).unwrap();
    std::fs::rename(file.with_extension("new"), file).unwrap();
}

/// The processes that a process has started.
fn children(process: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let children =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let ids = |text: String| {
        let ids = text.split_whitespace().filter_map(|id| id.parse().ok());
        ids.collect::<Vec<u32>>()
    };
    children.flat_map(ids).collect()
}

fn said(line: &Value) -> &str {
    line["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn loops_that_cost_too_much_are_refused_and_the_others_are_served_and_swapped() {
    is_refused_alone(&bombs::loops(300, 300)).await;
}

#[tokio::test]
async fn branches_that_cost_too_much_are_refused_and_the_others_are_served_and_swapped() {
    is_refused_alone(&bombs::branches(60_000)).await;
}

async fn is_refused_alone(bomb: &[u8]) {
    let host = Two::start("engine.compile-cpu = \"2s\"");
    host.replace("page.wasm", bomb);
    let compiler = host.compiler();
    assert_eq!(host.serves("other").await, body("v1"));
    assert_eq!(host.serves("page").await, body("v1"));
    let reason = host.refused("page");
    assert!(
        reason.ends_with("compile: more than 2 s of CPU; engine.compile-cpu is the limit"),
        "{reason}"
    );
    assert!(!Path::new(&format!("/proc/{compiler}")).exists());
    host.replace("other.wasm", &page("v2"));
    host.live("other");
    assert_eq!(host.serves("other").await, body("v2"));
    assert_eq!(host.serves("page").await, body("v1"));
}

#[tokio::test]
async fn a_swap_does_not_wait_for_the_compile_of_another_bff() {
    let host = Two::start("engine.compile-cpu = \"100s\"\nengine.compile-jobs = 2");
    host.replace("page.wasm", &bombs::loops(300, 300));
    let compiler = host.compiler();
    host.replace("other.wasm", &page("v2"));
    host.live("other");
    assert_eq!(host.serves("other").await, body("v2"));
    assert_eq!(host.compilers(), [compiler], "the bomb still compiles");
}

/// Limits that no component here reaches while a test runs.
const PATIENT: &str = "engine.compile-timeout = \"10m\"\nengine.compile-cpu = \"10m\"\n";

#[tokio::test]
async fn memory_is_a_limit() {
    // On a busy machine it takes longer than usual to need that much.
    let host = Two::start(&format!("{PATIENT}engine.compile-memory = \"256MiB\""));
    host.replace("page.wasm", &bombs::branches(60_000));
    let reason = host.refused("page");
    assert!(
        reason
            .ends_with("compile: more than 256 MiB of memory; engine.compile-memory is the limit"),
        "{reason}"
    );
    assert_eq!(host.serves("page").await, body("v1"));
}

#[tokio::test]
async fn a_component_of_a_megabyte_that_costs_too_much_is_refused_by_default() {
    let host = Two::start("");
    host.replace("page.wasm", &bombs::branches(60_000));
    let reason = host.refused("page");
    // On a slow machine it has used up its time before.
    let limits = [
        "compile: more than 1 GiB of memory; engine.compile-memory is the limit",
        "compile: more than 30 s of CPU; engine.compile-cpu is the limit",
    ];
    assert!(limits.iter().any(|it| reason.ends_with(it)), "{reason}");
    assert_eq!(host.serves("page").await, body("v1"));
}

#[tokio::test]
async fn time_is_a_limit() {
    let host = Two::start("engine.compile-timeout = \"1s\"");
    host.replace("page.wasm", &bombs::loops(300, 300));
    // It had less than its time of the processor, so the machine may have been the cause.
    let reason = host.postponed("page");
    assert!(
        reason.ends_with("compile: more than 1 s; engine.compile-timeout is the limit"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_compiler_that_is_killed_is_named_with_its_signal_and_another_one_tries_again() {
    let host = Two::start("");
    host.replace("page.wasm", &bombs::loops(300, 300));
    let first = host.compiler();
    kill(first);
    let reason = host.postponed("page");
    assert!(
        reason.ends_with("compile: the compiler was ended by signal 9 (SIGKILL)"),
        "{reason}"
    );
    while host.compilers().iter().all(|id| *id == first) {
        std::thread::yield_now();
    }
    host.replace("page.wasm", &page("v2"));
    host.live("page");
    assert_eq!(host.serves("page").await, body("v2"));
}

fn kill(process: u32) {
    let kill = std::process::Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn a_compiler_ends_with_its_host() {
    let mut host = Two::start("");
    host.replace("page.wasm", &bombs::loops(300, 300));
    let compiler = host.compiler();
    host.process.signal("KILL").unwrap();
    host.process.wait().unwrap();
    while running(compiler) {
        std::thread::yield_now();
    }
}

/// Whether a process runs and is no zombie.
fn running(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn a_host_whose_program_was_replaced_compiles_with_its_own() {
    let program = tempfile::tempdir().unwrap();
    let copy = program.path().join("tailor");
    std::fs::copy(Process::program().unwrap(), &copy).unwrap();
    let builder = TestHost::builder().unwrap().config(CONFIG);
    let builder = builder.file("page.wasm", &page("v1")).unwrap();
    let (path, files) = builder.config(crate::swap::PAGE).write().unwrap();
    let process = Process::start(std::process::Command::new(&copy), &path).unwrap();
    std::fs::remove_file(&copy).unwrap();
    std::fs::write(&copy, "another program").unwrap();
    let host = Two { process, files };
    host.replace("page.wasm", &page("v2"));
    host.live("page");
    assert_eq!(host.serves("page").await, body("v2"));
}

#[test]
fn what_does_not_compile_is_refused_in_the_words_of_the_compiler() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("bad.wasm");
    let fixture = files.path().join("fixture.json");
    std::fs::write(&fixture, r#"{"request": {"path": "/"}}"#).unwrap();
    let bad = crate::hostile::wat::Wat {
        more: "(table 1 funcref) (table 2 funcref) (memory 1)",
        ..Default::default()
    };
    std::fs::write(&file, bad.component()).unwrap();
    let (file, fixture) = (file.to_str().unwrap(), fixture.to_str().unwrap());
    let output = Process::run(&["call", file, "--fixture", fixture]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("component: does not compile"), "{said}");
}

//! A compile ends when nobody wants its result any more: its file has changed, or the configuration
//! names another one.

use std::path::Path;

use tailor_harness::{Process, TestHost};

use super::{PATIENT, Two, bombs, children, replace, running, said};
use crate::observe::eventually;
use crate::swap::page::{body, page};

/// A host under limits that no component here reaches while a test runs.
fn patient() -> Two {
    Two::start(PATIENT)
}

impl Two {
    /// Changes the text of the configuration, and has it read again.
    fn reload(&self, from: &str, to: &str) {
        let path = self.files.path().join("tailor.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
        self.process.signal("HUP").unwrap();
    }

    fn reloaded(&self) {
        let reloaded = |line: &serde_json::Value| said(line) == "configuration reloaded";
        self.process.wait_for(reloaded).unwrap();
    }
}

async fn ended(compiler: u32) {
    let ended = async || (!running(compiler)).then_some(());
    eventually("the end of the compiler", ended).await;
}

#[tokio::test]
async fn a_newer_file_ends_the_compile_of_the_one_it_replaces() {
    let host = patient();
    host.replace("page.wasm", &bombs::loops(600, 600));
    let compiler = host.compiler();
    host.replace("page.wasm", &page("v2"));
    host.live("page");
    assert_eq!(host.serves("page").await, body("v2"));
    assert!(!running(compiler), "the bomb still compiles");
    host.told("page", "its compile is given up");
}

#[tokio::test]
async fn a_newer_file_ends_the_wait_of_the_one_it_replaces_in_a_reload_too() {
    let host = patient();
    host.replace("page.wasm", &bombs::loops(600, 600));
    host.process.signal("HUP").unwrap();
    let compiler = host.compiler();
    host.replace("page.wasm", &page("v2"));
    host.process
        .wait_for(|line| said(line).contains("reload"))
        .unwrap();
    assert!(!running(compiler), "the bomb still compiles");
    while host.serves("page").await != body("v2") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reload_that_names_another_file_ends_the_compile_of_the_old_one() {
    let host = patient();
    host.replace("page.wasm", &bombs::loops(600, 600));
    let compiler = host.compiler();
    host.replace("next.wasm", &page("v2"));
    host.reload("\"page.wasm\"", "\"next.wasm\"");
    ended(compiler).await;
    host.reloaded();
    assert_eq!(host.serves("page").await, body("v2"));
    host.told(
        "page",
        "names another component file, the compile is given up",
    );
}

#[tokio::test]
async fn a_newer_file_ends_the_compile_of_a_reload_that_names_it_for_the_first_time() {
    let host = patient();
    host.replace("next.wasm", &bombs::loops(600, 600));
    host.reload("\"page.wasm\"", "\"next.wasm\"");
    let compiler = host.compiler();
    host.replace("next.wasm", &page("v2"));
    ended(compiler).await;
    host.reloaded();
    assert_eq!(host.serves("page").await, body("v2"));
}

#[tokio::test]
async fn a_reload_without_a_bff_ends_its_compile() {
    let host = patient();
    host.replace("page.wasm", &bombs::loops(600, 600));
    let compiler = host.compiler();
    host.reload(
        "[bff.page]\ncomponent = \"page.wasm\"\n[[route]]\nbff = \"page\"\npath = \"/page\"\n",
        "",
    );
    host.reloaded();
    ended(compiler).await;
    assert_eq!(host.serves("other").await, body("v1"));
}

#[tokio::test]
async fn a_newer_file_ends_the_compile_of_a_start() {
    let (path, files) = Two::write(PATIENT);
    replace(&files, "page.wasm", &bombs::loops(600, 600));
    let starting = path.clone();
    let starting = tokio::task::spawn_blocking(move || Process::serve(&starting).unwrap());
    let compiler = eventually("a compiler of the bomb", async || {
        let host = children(std::process::id())
            .into_iter()
            .find(|child| serves(*child, &path))?;
        // The other component compiles in no time.
        children(host)
            .into_iter()
            .max_by_key(|id| cpu_time(*id))
            .filter(|id| cpu_time(*id) > 10)
    })
    .await;
    replace(&files, "page.wasm", &page("v2"));
    ended(compiler).await;
    let process = starting.await.unwrap();
    let host = Two { process, files };
    assert_eq!(host.serves("page").await, body("v2"));
    assert_eq!(host.serves("other").await, body("v1"));
}

/// Whether a process is the host of a configuration.
fn serves(process: u32, config: &Path) -> bool {
    let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(config.to_str().unwrap())
}

/// The processor time that a process has used, in the ticks of the system.
fn cpu_time(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let user = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.split(' ').nth(11));
    user.and_then(|user| user.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_file_that_changes_all_the_time_is_compiled_to_the_end_now_and_then() {
    let host = Two::start("engine.compile-cpu = \"2s\"");
    let mut compilers = Vec::new();
    for size in 300..304 {
        host.replace("page.wasm", &bombs::loops(size, size));
        let next = loop {
            let all = host.compilers();
            match all.into_iter().find(|id| !compilers.contains(id)) {
                Some(id) => break id,
                None => std::thread::yield_now(),
            }
        };
        compilers.push(next);
    }
    host.replace("page.wasm", &page("v2"));
    let reason = host.refused("page");
    assert!(reason.contains("engine.compile-cpu"), "{reason}");
    host.live("page");
    assert_eq!(host.serves("page").await, body("v2"));
}

/// A thread for each file would keep memory of its own, 0.7 MiB each.
#[tokio::test]
async fn a_start_does_not_look_at_all_files_at_once() {
    let component = page("v1");
    let mut builder = TestHost::builder().unwrap().config(super::CONFIG);
    for number in 0..100 {
        builder = builder
            .file(&format!("b{number}.wasm"), &component)
            .unwrap()
            .config(&format!(
                "[bff.b{number}]\ncomponent = \"b{number}.wasm\"\n\
                 [[route]]\nbff = \"b{number}\"\npath = \"/b{number}\"\n"
            ));
    }
    let (path, _files) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    process.address().unwrap();
    let threads = format!("/proc/{}/task", process.id());
    let threads = std::fs::read_dir(threads).unwrap().count();
    assert!(threads < 60, "{threads} threads for 100 files");
}

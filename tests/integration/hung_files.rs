//! Files that are none, and files on a file system that does not answer any more: clients, `/livez`
//! and SIGTERM are served all the same.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use downstream_mock::scripted::{Response, ScriptedService};
use tailor_harness::{Files, Process, TestHost};

use crate::disk::Disk;
use crate::downstream::relay::relay;
use crate::modules::{self, ECHO, Part};
use crate::observe::{bff, eventually};
use crate::wire::{Wire, get, until};

/// Puts a named pipe in the place of a file. To open it for reading waits for a writer.
fn pipe(path: &Path) {
    let made = path.with_extension("pipe");
    let status = Command::new("mkfifo").arg(&made).status().unwrap();
    assert!(status.success());
    std::fs::rename(made, path).unwrap();
}

async fn assert_alive(host: &TestHost, path: &str) {
    assert_eq!(host.get(path).await.unwrap().status, 200);
    assert_eq!(host.admin("/livez").await.unwrap().status, 200);
}

async fn refused(host: &TestHost, name: &str) -> String {
    eventually("a refusal", async || {
        let state = bff(host, name).await;
        Some(state["refused"]["reason"].as_str()?.to_owned())
    })
    .await
}

#[tokio::test]
async fn a_pipe_as_fixture_or_component_is_refused_and_not_waited_for() {
    let service = ScriptedService::start(|_| Response::new(200)).unwrap();
    let fixture = r#"{"request":{"path":"/unused"},
        "downstreams":[{"service":"smoke","path":"/probe","reply":{"status":200}}]}"#;
    let smoke = "[smoke]\npath = \"/probe\"\nfixture = \"smoke.json\"";
    let builder = TestHost::builder().unwrap();
    let host = builder
        .file("smoke.json", fixture.as_bytes())
        .unwrap()
        .service_at("smoke", &[service.url()])
        .bff("relay", &relay("v1", None), smoke)
        .route("bff = \"relay\"\nclient = \"smoke\"")
        .start()
        .await
        .unwrap();
    pipe(&host.dir().join("smoke.json"));
    host.replace("relay.wasm", &relay("v2", None)).unwrap();
    let reason = refused(&host, "relay").await;
    assert!(reason.contains("smoke.json"), "{reason}");
    assert!(reason.contains("not a file but a named pipe"), "{reason}");
    assert_alive(&host, "/x").await;

    pipe(&host.dir().join("relay.wasm"));
    eventually("another refusal", async || {
        let reason = refused(&host, "relay").await;
        reason.contains("relay.wasm").then_some(())
    })
    .await;
    assert_alive(&host, "/x").await;
    // A fixture is a part of the configuration, which a reload takes whole or not at all.
    let error = host.host().reload().await.unwrap_err().to_string();
    assert!(error.contains("smoke.json"), "{error}");
    assert!(error.contains("not a file but a named pipe"), "{error}");
    // A component affects its BFF alone.
    host.replace("smoke.json", fixture.as_bytes()).unwrap();
    let changed = host.host().reload().await.unwrap();
    let reason = &changed.refused[0].1;
    assert!(reason.contains("relay.wasm"), "{reason}");
    assert!(reason.contains("not a file but a named pipe"), "{reason}");
    assert_alive(&host, "/x").await;
    assert_eq!(host.stop().await, 0);
}

#[tokio::test]
async fn a_pipe_as_secret_leaves_the_one_before_in_use() {
    let service = ScriptedService::start(|_| Response::new(200)).unwrap();
    let builder = TestHost::builder().unwrap();
    let (path, dir) = builder
        .config("log.format = \"json\"")
        .file("secret", b"s3cret")
        .unwrap()
        .service_at("behind", &[service.url()])
        .settings("behind", "credentials.bearer-file = \"secret\"")
        .bff("relay", &relay("v1", None), "")
        .route("bff = \"relay\"\nclient = \"behind\"")
        .write()
        .unwrap();
    let mut process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();
    assert_eq!(Wire::ask(address, &get("/x", "")).await.status, 200);
    pipe(&dir.path().join("secret"));
    let told = until(async || {
        assert_eq!(Wire::ask(address, &get("/x", "")).await.status, 200);
        let mut log = process.log().into_iter();
        log.find(|line| line.to_string().contains("the old ones stay in use"))
    })
    .await;
    let error = told["error"].as_str().unwrap();
    assert!(error.contains("not a file but a named pipe"), "{error}");
    let last = service.requests().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer s3cret"));
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

#[test]
fn a_host_does_not_wait_for_a_pipe_to_start() {
    for name in ["echo.wasm", "tailor.toml"] {
        let builder = TestHost::builder().unwrap();
        let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
        let (path, dir) = builder.unwrap().config(ECHO).write().unwrap();
        pipe(&dir.path().join(name));
        let path = path.display().to_string();
        let output = Process::run(&["serve", "--strict", "--config", &path]).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name), "{said}");
        assert!(said.contains("not a file but a named pipe"), "{said}");
    }
}

/// A shim between a program and the system: as soon as the file `hung` exists, calls on a path with
/// `dead/` in it hang.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void look(const char *path) {
    const char *hung = getenv("HUNG");
    if (hung && path && strstr(path, "dead/") && access(hung, F_OK) == 0)
        for (;;) pause();
}
int statx(int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict out) {
    int (*next)(int, const char *, int, unsigned, struct statx *) = dlsym(RTLD_NEXT, "statx");
    look(path);
    return next(dir, path, flags, mask, out);
}
int stat64(const char *restrict path, struct stat64 *restrict out) {
    int (*next)(const char *, struct stat64 *) = dlsym(RTLD_NEXT, "stat64");
    look(path);
    return next(path, out);
}
int open64(const char *path, int flags, ...) {
    int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open64");
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    look(path);
    return next(path, flags, mode);
}
"#;

/// A host with a page on the file system that hangs while `hung` is there, and its shim, if there
/// is a compiler of C.
fn on_dead() -> Option<(Command, PathBuf, Files)> {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config("log.format = \"json\"");
    let builder = builder.config(ECHO).config(
        "[bff.page]\ncomponent = \"dead/page.wasm\"\n[[route]]\nbff = \"page\"\npath = \"/page\"",
    );
    let (path, dir) = builder.write().unwrap();
    std::fs::create_dir(dir.path().join("dead")).unwrap();
    let page = modules::echo(Part::Path);
    std::fs::write(dir.path().join("dead/page.wasm"), page).unwrap();
    let Some(shim) = shim(dir.path()) else {
        eprintln!("skipped: there is no compiler of C");
        return None;
    };
    let mut command = Command::new(Process::program().unwrap());
    command
        .env("LD_PRELOAD", shim)
        .env("HUNG", dir.path().join("hung"));
    Some((command, path, dir))
}

/// The shim as a library, if there is a compiler of C.
fn shim(dir: &Path) -> Option<PathBuf> {
    let source = dir.join("shim.c");
    std::fs::write(&source, SHIM).unwrap();
    let library = dir.join("shim.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    compiled.ok()?.success().then_some(library)
}

fn threads(process: &Process) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.id()));
    tasks.unwrap().count()
}

#[tokio::test]
async fn a_file_system_that_does_not_answer_holds_up_no_other_request() {
    let Some((command, path, dir)) = on_dead() else {
        return;
    };
    let hung = dir.path().join("hung");
    let mut process = Process::start(command, &path).unwrap();
    let (clients, admin) = (process.address().unwrap(), process.admin_address().unwrap());
    let alive = async || {
        for target in ["/echo/x", "/page/x"] {
            assert_eq!(Wire::ask(clients, &get(target, "")).await.status, 200);
        }
        assert_eq!(Wire::ask(admin, &get("/livez", "")).await.status, 200);
    };
    alive().await;
    std::fs::write(&hung, "").unwrap();

    // Other files are watched on: the shim is in force for some looks when this version is live.
    for (part, lines) in [(Part::Host, 1), (Part::Client, 2), (Part::Path, 3)] {
        let new = dir.path().join("new.wasm");
        std::fs::write(&new, modules::echo(part)).unwrap();
        std::fs::rename(&new, dir.path().join("echo.wasm")).unwrap();
        until(async || {
            alive().await;
            let log = process.log();
            let live = log
                .iter()
                .filter(|line| line["message"] == "new version is live");
            (live.count() == lines).then_some(())
        })
        .await;
    }
    // One look hangs, however often its file is due.
    let before = threads(&process);
    process.signal("HUP").unwrap();
    for _ in 0..20 {
        alive().await;
    }
    let after = threads(&process);
    assert!(after <= before + 3, "{before} threads, then {after}");
    let refused = process.wait_for(|line| {
        let line = line["message"].as_str().unwrap_or_default();
        line.contains("the old one goes on") && line.contains("dead/page.wasm")
    });
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("has not answered for 10s"), "{refused}");
    alive().await;
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

/// A host that cannot start because a file hangs.
fn starting(mut command: Command, path: &Path, dir: &Files) -> Child {
    std::fs::write(dir.path().join("hung"), "").unwrap();
    command.args(["serve", "--strict", "--config"]).arg(path);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// A host that does not start, for the named reason.
fn ends_because_of(child: Child, named: &str) {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(named), "{said}");
    assert!(said.contains("has not answered for 10s"), "{said}");
}

#[tokio::test]
async fn a_host_whose_files_hang_says_so_and_does_not_start() {
    let Some((command, path, dir)) = on_dead() else {
        return;
    };
    ends_because_of(starting(command, &path, &dir), "dead/page.wasm");
}

#[tokio::test]
async fn a_host_whose_data_directory_hangs_says_so_and_does_not_start() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let (path, dir) = builder.unwrap().config(ECHO).write().unwrap();
    let Some(disk) = Disk::that_hangs(&dir.path().join("data")) else {
        return;
    };
    ends_because_of(starting(disk.host(), &path, &dir), "engine.data-dir: ");
}

#[tokio::test]
async fn a_host_that_waits_for_a_file_to_start_hears_signals() {
    for name in ["TERM", "INT"] {
        let Some((command, path, dir)) = on_dead() else {
            return;
        };
        let mut child = starting(command, &path, &dir);
        let id = child.id().to_string();
        let tasks = format!("/proc/{id}/task");
        until(async || {
            let tasks = std::fs::read_dir(&tasks).unwrap().flatten();
            let mut names = tasks.map(|task| std::fs::read_to_string(task.path().join("comm")));
            names
                .any(|name| name.is_ok_and(|name| name == "tailor-file\n"))
                .then_some(())
        })
        .await;
        let signal = format!("-{name}");
        let sent = Command::new("kill").args([&signal, &id]).status();
        assert!(sent.unwrap().success());
        let status = until(|| ready(child.try_wait().unwrap())).await;
        assert_eq!(status.code(), Some(0), "{name}");
    }
}

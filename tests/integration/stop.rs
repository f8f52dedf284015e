//! The end of the program: although its output is not read, and only after a load balancer that
//! sends it clients had time to notice.

use std::future::ready;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tailor_harness::{Files, Process, TestHost};
use tokio::net::TcpStream;

use crate::handover::{handed, null};
use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, get, until};

fn write(first: &str) -> (PathBuf, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config("log.format = \"json\"");
    builder.config(first).config(ECHO).write().unwrap()
}

fn serve(path: &Path) -> Command {
    let mut command = Command::new(Process::program().unwrap());
    command.args(["serve", "--config"]).arg(path);
    command
}

fn terminate(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
}

async fn ended(child: &mut Child) -> Option<i32> {
    until(|| ready(child.try_wait().unwrap())).await.code()
}

/// A full pipe: its writing end, and the other one, which keeps it open.
fn full_pipe() -> (OwnedFd, OwnedFd) {
    let (reading, writing) = std::io::pipe().unwrap();
    let (reading, writing) = (OwnedFd::from(reading), OwnedFd::from(writing));
    let piece = [b'x'; 4096];
    rustix::io::ioctl_fionbio(&writing, true).unwrap();
    while rustix::io::write(&writing, &piece).is_ok() {}
    rustix::io::ioctl_fionbio(&writing, false).unwrap();
    (writing, reading)
}

#[tokio::test]
async fn a_host_ends_although_its_log_is_not_read_any_more() {
    let (path, _dir) = write("");
    let mut child = serve(&path).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let address: SocketAddr = loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["message"] == "serving" {
            break line["address"].as_str().unwrap().parse().unwrap();
        }
    };
    // A pipe holds 64 KiB, and a line has more than 100 bytes.
    let mut client = Wire::connect(address).await;
    for _ in 0..1_000 {
        client.send(&get("/echo/x", "")).await;
        assert_eq!(client.answer().await.status, 200);
    }
    drop(client);
    terminate(&child);
    assert_eq!(ended(&mut child).await, Some(0));
    drop(log);
}

#[tokio::test]
async fn a_host_whose_log_was_never_read_serves_and_ends() {
    let (path, _dir) = write("");
    // Its address is not read.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (full, _reading) = full_pipe();
    let mut command = handed([socket.into(), null()], "$$", "LISTEN_FDS=1");
    command.args(["serve", "--config"]).arg(&path);
    let mut child = command.stderr(Stdio::from(full)).spawn().unwrap();
    assert_eq!(Wire::ask(address, &get("/echo/x", "")).await.status, 200);
    terminate(&child);
    assert_eq!(ended(&mut child).await, Some(0));
}

#[tokio::test]
async fn a_host_that_cannot_say_why_it_does_not_start_ends() {
    let (path, _dir) = write("server.drain-delay = \"soon\"");
    let (full, _reading) = full_pipe();
    let mut child = serve(&path).stderr(Stdio::from(full)).spawn().unwrap();
    assert_eq!(ended(&mut child).await, Some(1));
}

const READY: (u16, &str) = (200, "ready\n");
const STOPPING: (u16, &str) = (503, "stopping\n");

async fn is(admin: SocketAddr, wanted: (u16, &str)) -> bool {
    let answer = Wire::ask(admin, &get("/readyz", "")).await;
    (answer.status, answer.body.as_str()) == wanted
}

#[tokio::test]
async fn a_host_that_drains_is_not_ready_and_serves_new_connections() {
    let (path, _dir) = write("server.drain-delay = \"1h\"");
    let mut process = Process::serve(&path).unwrap();
    let (address, admin) = (process.address().unwrap(), process.admin_address().unwrap());
    assert!(is(admin, READY).await);
    let mut kept = Wire::connect(address).await;
    process.signal("TERM").unwrap();
    until(async || is(admin, STOPPING).await.then_some(())).await;
    for _ in 0..3 {
        assert_eq!(Wire::ask(address, &get("/echo/x", "")).await.status, 200);
        kept.send(&get("/echo/x", "")).await;
        assert_eq!(kept.answer().await.status, 200);
    }
    // A second signal does not wait.
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(1));
}

#[tokio::test]
async fn a_host_that_has_drained_stops() {
    let (path, _dir) = write("server.drain-delay = \"300ms\"");
    let mut process = Process::serve(&path).unwrap();
    let address = process.address().unwrap();
    process.signal("TERM").unwrap();
    until(async || TcpStream::connect(address).await.err()).await;
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let said = |text: &str| {
        let log = process.log().into_iter();
        let mut messages = log.map(|line| line["message"].as_str().map(str::to_owned));
        messages.position(|line| line.is_some_and(|line| line.contains(text)))
    };
    assert!(said("not ready any more").unwrap() < said("running requests may finish").unwrap());
}

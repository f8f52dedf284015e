//! A listening socket that outlives the host: the next host begins on it and no client is refused.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tailor_harness::{Files, Process, TestHost};
use tokio::task::JoinHandle;

use crate::blocks::block;
use crate::modules::{self, ECHO, Part};
use crate::wire::{Wire, beside, get, soon, until};

fn write() -> (PathBuf, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder.unwrap().config("log.format = \"json\"");
    builder.config(ECHO).write().unwrap()
}

/// The program with these files as 3 and 4, as if `process` were the one that they are for.
pub fn handed(files: [OwnedFd; 2], process: &str, variables: &str) -> Command {
    let mut shell = Command::new("sh");
    let moved = "exec 3<&0 4<&1 </dev/null >/dev/null";
    let script = format!("{moved}; LISTEN_PID={process} {variables} exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(Process::program().unwrap());
    let [first, second] = files;
    shell.stdin(Stdio::from(first)).stdout(Stdio::from(second));
    shell
}

pub fn null() -> OwnedFd {
    std::fs::File::open("/dev/null").unwrap().into()
}

fn serve_on(socket: &TcpListener, config: &Path) -> Process {
    let files = [socket.try_clone().unwrap().into(), null()];
    Process::start(handed(files, "$$", "LISTEN_FDS=1"), config).unwrap()
}

fn stop(mut process: Process) {
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

/// Clients that connect for each request, until they are stopped. Each returns the number of its
/// answers: one for each request.
fn clients(address: SocketAddr, enough: &Arc<AtomicBool>) -> Vec<JoinHandle<u64>> {
    let client = || {
        let enough = enough.clone();
        beside(async move {
            let mut answers = 0;
            while !enough.load(Ordering::Relaxed) {
                let mut client = Wire::connect(address).await;
                // The time for which a connection is new: a stopping host always has a new one.
                tokio::time::sleep(Duration::from_millis(10)).await;
                client.send(&get("/echo/x", "")).await;
                let answer = client.answer().await;
                assert_eq!((answer.status, answer.body.as_str()), (200, "/x"));
                answers += 1;
            }
            answers
        })
    };
    (0..4).map(|_| client()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_follow_each_other_and_no_client_notices() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (path, _dir) = write();
    let mut host = serve_on(&socket, &path);
    assert_eq!(host.address().unwrap(), address);
    let enough = Arc::new(AtomicBool::new(false));
    let clients = clients(address, &enough);
    // With the next one there already.
    for _ in 0..3 {
        let next = serve_on(&socket, &path);
        stop(std::mem::replace(&mut host, next));
    }
    // Without a process for a while.
    stop(host);
    let last = serve_on(&socket, &path);
    assert_eq!(Wire::ask(address, &get("/echo/x", "")).await.status, 200);
    enough.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(soon(client).await.unwrap() > 0);
    }
    stop(last);
}

#[tokio::test]
async fn sockets_are_taken_by_their_names() {
    let (path, _dir) = write();
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("0.0.0.0:0").unwrap();
    let addresses = [&first, &second].map(|socket| socket.local_addr().unwrap());
    for (names, admin, http) in [("admin:http", 0, 1), ("tailor.socket:tailor.socket", 1, 0)] {
        let files = [&first, &second].map(|socket| socket.try_clone().unwrap().into());
        let variables = format!("LISTEN_FDS=2 LISTEN_FDNAMES={names}");
        let process = Process::start(handed(files, "$$", &variables), &path).unwrap();
        assert_eq!(process.admin_address().unwrap(), addresses[admin]);
        assert_eq!(process.address().unwrap(), addresses[http]);
        let mut log = process.lines().into_iter();
        let warned = log.any(|line| line.contains("other machines can reach 0.0.0.0:"));
        assert_eq!(warned, admin == 1);
        let ready = Wire::ask(addresses[admin], &get("/readyz", "")).await;
        assert_eq!(ready.status, 200);
        let answer = Wire::ask(addresses[http], &get("/echo/x", "")).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_socket_for_another_process_is_left_alone() {
    let (path, _dir) = write();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let command = handed([socket.into(), null()], "1", "LISTEN_FDS=1");
    let process = Process::start(command, &path).unwrap();
    assert_ne!(process.address().unwrap(), address);
}

#[test]
fn what_cannot_be_listened_on_is_refused() {
    let (path, _dir) = write();
    let udp = || std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into();
    let listening = || TcpListener::bind("127.0.0.1:0").unwrap();
    // What systemd hands over with Accept=yes.
    let listener = listening();
    let connected = std::net::TcpStream::connect(listener.local_addr().unwrap());
    let connected = connected.unwrap().into();
    let cases: [(OwnedFd, &str, &str); 5] = [
        (null(), "LISTEN_FDS=1", "LISTEN_FDS: fd 3 is not a socket"),
        (udp(), "LISTEN_FDS=1", "fd 3 is not a valid tcp socket"),
        (connected, "LISTEN_FDS=1", "does not listen (Accept=yes?)"),
        (listening().into(), "LISTEN_FDS=2", "fd 4 is not a socket"),
        (null(), "LISTEN_FDS=9", "pass 1 or 2"),
    ];
    for (file, variables, wanted) in cases {
        let mut command = handed([file, null()], "$$", variables);
        command.args(["serve", "--config"]).arg(&path);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
}

#[tokio::test]
async fn systemd_starts_the_host_with_the_first_connection() {
    let activate = || Command::new("systemd-socket-activate");
    if activate().arg("--version").output().is_err() {
        eprintln!("skipped: there is no systemd-socket-activate");
        return;
    }
    let (path, _dir) = write();
    // An address of this process alone: systemd does not say which port it was given.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let address = SocketAddr::from(([127, 128 | high, middle, low], 18_080));
    let mut command = activate();
    command
        .arg(format!("--listen={address}"))
        .arg("--fdname=http")
        .arg(Process::program().unwrap());
    let first = beside(async move {
        until(async || tokio::net::TcpStream::connect(address).await.ok()).await;
        Wire::ask(address, &get("/echo/x", "")).await
    });
    let starting = tokio::task::spawn_blocking(move || Process::start(command, &path));
    let process = soon(starting).await.unwrap().unwrap();
    assert_eq!(process.address().unwrap(), address);
    assert_eq!(soon(first).await.unwrap().status, 200);
    stop(process);
}

/// The files of `docs/operate`, with the program where it lies here.
#[test]
fn systemd_takes_the_unit_files() {
    let dir = tempfile::tempdir().unwrap();
    let program = Process::program().unwrap().display().to_string();
    let mut files = Vec::new();
    for name in ["tailor.service", "tailor.socket"] {
        let file = tailor_harness::components::root()
            .join("docs/operate")
            .join(name);
        let text = std::fs::read_to_string(file).unwrap();
        let here = text.replace("/usr/local/bin/tailor", &program);
        // With the line that the page adds for a secret.
        let secret = block("docs/operate/systemd.md", "LoadCredential=");
        let here = here.replace("[Service]\n", &format!("[Service]\n{secret}"));
        files.push(dir.path().join(name));
        std::fs::write(dir.path().join(name), here).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    let Ok(output) = verify.args(["verify", "--man=no"]).args(&files).output() else {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // It reads the units of the system, too, and says what it thinks of those.
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("tailor"))
        .collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
}

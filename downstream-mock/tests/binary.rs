//! The binary as the demo starts it: its output, its ends, and what it says when a port is taken.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// Ends the process with the test, however that ends.
struct Mock(Child);

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Mock {
    let mut command = Command::new(env!("CARGO_BIN_EXE_downstream-mock"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Mock(command.spawn().unwrap())
}

/// Name and URL of each line that says that a service is ready.
fn ready(mock: &mut Mock) -> Vec<(String, String)> {
    let lines = BufReader::new(mock.0.stdout.as_mut().unwrap()).lines();
    lines
        .take(6)
        .map(|line| {
            line.unwrap()
                .split_once(' ')
                .map(|(name, url)| (name.to_owned(), url.to_owned()))
                .unwrap()
        })
        .collect()
}

#[test]
fn it_says_where_it_listens_and_ends_with_its_standard_input() {
    let mut mock = start(&["--base-port", "0", "--exit-on-stdin-close"]);
    let lines = ready(&mut mock);
    let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["control", "activity", "heart", "sleep", "goals", "profile"]
    );
    let address = lines[5].1.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /users/ada HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(
        reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("Ada Lovelace"),
        "{reply}"
    );
    drop(mock.0.stdin.take());
    assert!(mock.0.wait().unwrap().success());
}

#[test]
fn it_stops_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut mock = start(&["--base-port", "0"]);
        ready(&mut mock);
        // Without the flag, the end of its input means nothing to it.
        drop(mock.0.stdin.take());
        kill_process(Pid::from_child(&mock.0), signal).unwrap();
        assert!(mock.0.wait().unwrap().success());
    }
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let (port, _taken) = loop {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        if port <= 65_530 {
            break (port, taken);
        }
    };
    let mut mock = start(&["--base-port", &port.to_string()]);
    assert!(!mock.0.wait().unwrap().success());
    let mut message = String::new();
    mock.0
        .stderr
        .as_mut()
        .unwrap()
        .read_to_string(&mut message)
        .unwrap();
    assert!(
        message.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{message}"
    );
    assert!(message.contains("--base-port"), "{message}");
}

//! Services on socket files.

#![allow(
    clippy::disallowed_methods,
    reason = "tasks of a test end with its event loop"
)]

use std::path::Path;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener};

use super::*;
use crate::config::Endpoint;

fn at(path: &Path) -> Endpoint {
    Endpoint {
        host: "localhost".to_owned(),
        port: 80,
        socket: Some(path.to_owned()),
        srv: false,
        authority: HeaderValue::from_static("localhost"),
    }
}

/// Lets what connects to the socket file talk to the service.
fn listen(path: &Path, service: &ScriptedService) {
    let (listener, address) = (UnixListener::bind(path).unwrap(), service.address());
    tokio::spawn(async move {
        while let Ok((mut inward, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut outward = TcpStream::connect(address).await.unwrap();
                drop(copy_bidirectional(&mut inward, &mut outward).await);
            });
        }
    });
}

fn settings(endpoints: Vec<Endpoint>) -> Downstream {
    Downstream {
        endpoints,
        ..super::settings(&[])
    }
}

#[tokio::test]
async fn a_socket_file_is_spoken_to_like_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sock");
    let service = names_connections();
    listen(&path, &service);
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut settings = settings(vec![at(&path)]);
        settings.protocol = protocol;
        let transport = transport(&settings);
        let first = body(get(&transport, 0).await);
        assert_eq!(
            body(get(&transport, 0).await),
            first,
            "the connection is kept"
        );
    }
    let requests = service.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|it| it.authority == "localhost"));
    assert_eq!(service.accepted(), 2);
}

#[tokio::test]
async fn a_socket_file_that_is_not_there_is_unreachable_and_no_guest_learns_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sock");
    let transport = transport(&settings(vec![at(&path)]));
    let made = get(&transport, 0).await;
    assert_eq!(made.judgement, Judgement::Fault);
    let error = made.result.unwrap_err();
    assert!(matches!(error, Cause::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert_eq!(
        text,
        "no connection: socket file: No such file or directory (os error 2)"
    );
    let service = names_connections();
    listen(&path, &service);
    assert_eq!(body(get(&transport, 0).await), "1", "it came later");
}

#[tokio::test]
async fn a_socket_file_without_a_listener_is_the_fault_of_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sock");
    drop(UnixListener::bind(&path).unwrap());
    let made = get(&transport(&settings(vec![at(&path)])), 0).await;
    assert_eq!(made.judgement, Judgement::Fault);
    assert!(matches!(made.result, Err(Cause::Unreachable { .. })));
}

#[tokio::test]
async fn socket_files_and_addresses_may_be_endpoints_of_one_service() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sock");
    let (near, far) = (
        service(|_| Response::text("near")),
        service(|_| Response::text("far")),
    );
    listen(&path, &near);
    let mut settings = super::settings(&[far.address()]);
    settings.endpoints.push(at(&path));
    let transport = transport(&settings);
    let shown = |avoid| call(&transport, 0, Method::GET, bounds(), Some(avoid));
    assert_eq!(body(shown(0).await), "near");
    assert_eq!(body(shown(1).await), "far");
}

#[tokio::test]
async fn two_socket_files_are_not_addresses_of_one_name() {
    let dir = tempfile::tempdir().unwrap();
    let (missing, path) = (
        dir.path().join("missing.sock"),
        dir.path().join("users.sock"),
    );
    let service = service(|_| Response::text("near"));
    listen(&path, &service);
    let transport = transport(&settings(vec![at(&missing), at(&path)]));
    // Whether there is a further attempt is not decided by what `host` says.
    let made = call(&transport, 0, Method::GET, bounds(), Some(1)).await;
    assert_eq!(made.endpoint, 0);
    assert!(matches!(made.result, Err(Cause::Unreachable { .. })));
    assert_eq!(service.accepted(), 0);
}

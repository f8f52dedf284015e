//! Services through a forward proxy.

#![allow(
    clippy::disallowed_methods,
    reason = "tasks of a test end with its event loop"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config::{Endpoint, Proxy, Secret};
use crate::downstream::Phase;

/// A proxy that answers each `CONNECT` with `answer`, and connects to `service` after a 200.
struct Connecting {
    address: SocketAddr,
    /// The heads that came.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Connecting {
    async fn start(service: SocketAddr, answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let shared = heads.clone();
        tokio::spawn(async move {
            while let Ok((mut inward, _)) = listener.accept().await {
                let heads = shared.clone();
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(inward.read_u8().await.unwrap());
                    }
                    heads.lock().unwrap().push(String::from_utf8(head).unwrap());
                    inward.write_all(answer).await.unwrap();
                    if answer == CONNECTED {
                        let mut outward = TcpStream::connect(service).await.unwrap();
                        drop(copy_bidirectional(&mut inward, &mut outward).await);
                    }
                });
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\ncontent-length: 5\r\n\r\n";

/// A service at a name that only the proxy knows.
fn settings(proxy: SocketAddr) -> Downstream {
    Downstream {
        endpoints: vec![Endpoint {
            host: "users.example.invalid".to_owned(),
            port: 8443,
            socket: None,
            srv: false,
            authority: HeaderValue::from_static("users.example.invalid:8443"),
        }],
        proxy: Some(Proxy {
            host: proxy.ip().to_string(),
            port: proxy.port(),
            credentials: None,
        }),
        ..super::settings(&[])
    }
}

#[tokio::test]
async fn a_proxy_connects_to_the_name_and_sees_nothing_of_the_calls() {
    let service = names_connections();
    let proxy = Connecting::start(service.address(), CONNECTED).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let mut settings = settings(proxy.address);
        settings.protocol = protocol;
        let transport = transport(&settings);
        let first = body(get(&transport, 0).await);
        assert_eq!(
            body(get(&transport, 0).await),
            first,
            "the connection is kept"
        );
    }
    let head =
        "CONNECT users.example.invalid:8443 HTTP/1.1\r\nhost: users.example.invalid:8443\r\n\r\n";
    assert_eq!(proxy.heads(), [head; 2]);
    let requests = service.requests();
    let named = |it: &Request| it.authority == "users.example.invalid:8443";
    assert!(requests.len() == 4 && requests.iter().all(named));
}

#[tokio::test]
async fn tls_is_spoken_with_the_service_through_the_proxy() {
    let authority = Authority::new().unwrap();
    let signed = authority
        .sign("users.example.invalid", Validity::Now)
        .unwrap();
    let acceptor = acceptor(&signed, &["http/1.1"], None).unwrap();
    let service = ScriptedService::builder()
        .tls(acceptor)
        .start(|request| Response::text(request.server_name.unwrap_or_default()))
        .unwrap();
    let proxy = Connecting::start(service.address(), CONNECTED).await;
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, authority.certificate()).unwrap();
    let mut settings = settings(proxy.address);
    settings.tls = Some(Tls {
        ca_file: Some(ca_file),
        client: None,
        server_name: None,
    });
    let made = get(&transport(&settings), 0).await;
    assert_eq!(body(made), "users.example.invalid");
}

#[tokio::test]
async fn a_proxy_is_shown_credentials_that_are_read_for_each_connection() {
    let service = names_connections();
    let proxy = Connecting::start(service.address(), CONNECTED).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut settings = settings(proxy.address);
    settings.connections.max_age = Duration::ZERO;
    let credentials = Some(Secret::File(file.path().to_owned()));
    settings.proxy.as_mut().unwrap().credentials = credentials;
    let transport = transport(&settings);
    for (secret, encoded) in [
        ("Aladdin:open sesame\n", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("a:b", "YTpi"),
    ] {
        std::fs::write(file.path(), secret).unwrap();
        body(get(&transport, 0).await);
        let head = proxy.heads().pop().unwrap();
        let field = format!("\r\nproxy-authorization: Basic {encoded}\r\n");
        assert!(head.contains(&field), "{head}");
    }
    assert!(
        service
            .requests()
            .iter()
            .all(|it| it.header("proxy-authorization").is_none())
    );
    std::fs::write(file.path(), "").unwrap();
    let error = get(&transport, 0).await.result.unwrap_err();
    let expected = "no connection: the credentials for the proxy cannot be used";
    assert_eq!(error.to_string(), expected);
    assert_eq!(proxy.heads().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_opens_no_connection_is_named_as_the_one_that_does_not() {
    let service = names_connections();
    let large = Box::leak(vec![b'x'; 9000].into_boxed_slice());
    for (answer, expected) in [
        (
            &b"HTTP/1.1 407 Who\r\nproxy-authenticate: Basic\r\n\r\n"[..],
            "the proxy answered 407",
        ),
        (
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nabc",
            "the proxy answered 502",
        ),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "the proxy answered 101"),
        (b"SSH-2.0-x\r\n\r\n", "the answer of the proxy is not HTTP"),
        (
            large,
            "the head of the proxy's answer is larger than 8192 bytes",
        ),
        (b"HTTP/1.1 200", "proxy: unexpected end of file"),
    ] {
        let proxy = Connecting::start(service.address(), answer).await;
        let made = get(&transport(&settings(proxy.address)), 0).await;
        assert_eq!(made.judgement, Judgement::Fault, "{expected}");
        let error = made.result.unwrap_err();
        assert!(matches!(error, Cause::Unreachable { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("no connection: {expected}"));
    }
}

#[tokio::test]
async fn a_proxy_that_hangs_has_the_time_of_a_connection() {
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(held.local_addr().unwrap());
    settings.policy.timeouts.connect = Duration::from_millis(200);
    let error = get(&transport(&settings), 0).await.result.unwrap_err();
    let phase = Phase::Connect;
    assert!(
        matches!(error, Cause::Timeout { phase: it, .. } if it == phase),
        "{error}"
    );
}

#[tokio::test]
async fn a_proxy_that_does_not_run_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = get(&transport(&settings(free)), 0)
        .await
        .result
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("no connection: proxy: Connection refused"),
        "{text}"
    );
}

//! The scripted service over HTTP/1.1, TLS and byte by byte.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::{Http1, within};
use crate::scripted::{Authority, Connection, Gate, Response, ScriptedService, Validity, acceptor};

const GET: &str = "GET /x?y=1 HTTP/1.1\r\nhost: svc.test\r\n\r\n";

async fn connect(service: &ScriptedService) -> TcpStream {
    TcpStream::connect(service.address()).await.unwrap()
}

/// Sends this on a connection of its own and reads to its end.
async fn raw(service: &ScriptedService, request: &str) -> std::io::Result<String> {
    let mut stream = connect(service).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = String::new();
    within(stream.read_to_string(&mut received)).await?;
    Ok(received)
}

#[tokio::test]
async fn each_request_has_the_answer_that_the_test_wrote() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::new(503).header("retry-after", "1"),
        2 => Response::json("{}"),
        _ => Response::text(request.text()),
    })
    .unwrap();
    let mut client = Http1::connect_to(&service.address().to_string()).await;
    let reply = client.get("/a").await;
    assert_eq!(
        (reply.status.as_u16(), &reply.body.unwrap()[..]),
        (503, &b""[..])
    );
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(
        client.get("/b").await.headers["content-type"],
        "application/json"
    );
    let reply = client.send(http::Method::POST, "/c?d=e", "body").await;
    assert_eq!(reply.body.unwrap(), "body");
    let requests = service.requests();
    let lines: Vec<String> = requests.iter().map(|request| request.line()).collect();
    assert_eq!(
        lines,
        ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "POST /c?d=e HTTP/1.1"]
    );
    assert_eq!(
        (requests[2].path(), &*requests[2].authority),
        ("/c", "mock.test")
    );
    assert!(requests.iter().all(|request| request.connection == 1));
    assert_eq!(
        (service.accepted(), service.open(), service.most_open()),
        (1, 1, 1)
    );
    drop(client);
    within(service.wait_open(0)).await;
}

#[tokio::test]
async fn what_is_sent_is_what_was_written() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::text("ok")
            .interim(103, &[("link", "</x>")])
            .then_close(),
        2 => Response::text("0123").cut_at(1),
        3 => Response::text("ab")
            .body("c")
            .trailer("sum", "1")
            .then_close(),
        4 => Response::text("ab").body("c").chunked().cut_at(2),
        5 => Response::text("ab").until_close(),
        6 => Response::text("ab").length(1).then_close(),
        7 => Response::raw("SSH-2.0\r\n").then_close(),
        _ => Response::new(204)
            .header("x", [b'\xc3', b'\xa4'])
            .then_close(),
    })
    .unwrap();
    for expected in [
        "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n0",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nsum: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\n\r\nab",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
        "SSH-2.0\r\n",
        "HTTP/1.1 204 No Content\r\nx: ä\r\n\r\n",
    ] {
        assert_eq!(raw(&service, GET).await.unwrap(), expected);
    }
    assert_eq!(service.count(), 8);
}

#[tokio::test]
async fn a_connection_ends_as_the_test_says() {
    let service = ScriptedService::start(|request| match request.number {
        1 => Response::close(),
        2 => Response::reset(),
        3 => Response::text("0123").cut_at(2).then_reset(),
        _ => Response::hang(),
    })
    .unwrap();
    assert_eq!(raw(&service, GET).await.unwrap(), "");
    for _ in 0..2 {
        let error = raw(&service, GET).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    // Nothing comes, and the client's end is seen.
    let mut stream = connect(&service).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(within(service.wait_for(4)).await[3].connection, 4);
    drop(stream);
    within(service.wait_open(0)).await;
}

#[tokio::test]
async fn an_answer_waits_for_its_gate_and_in_the_midst() {
    let (head, rest) = (Gate::new(), Gate::new());
    let (first, second) = (head.clone(), rest.clone());
    let service = ScriptedService::start(move |_| {
        let parts = Response::text("a").wait(second.pass()).body("b");
        parts.after(first.pass()).then_close()
    });
    let service = service.unwrap();
    let mut stream = connect(&service).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    within(service.wait_for(1)).await;
    let mut buffer = [0];
    let nothing = stream.try_read(&mut buffer).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    head.open(1);
    let mut received = String::new();
    while !received.ends_with("\r\n\r\na") {
        received.push(char::from(within(stream.read_u8()).await.unwrap()));
    }
    rest.open_for_all();
    assert_eq!(within(stream.read_u8()).await.unwrap(), b'b');
    // The gate does not wait for a task that hung up.
    let gone = connect(&service).await;
    gone.try_write(GET.as_bytes()).unwrap();
    within(service.wait_for(2)).await;
    drop((gone, stream));
    within(service.wait_open(0)).await;
}

#[tokio::test]
async fn a_body_without_end_ends_with_the_client() {
    let service = ScriptedService::start(|_| Response::new(200).repeat("x", Duration::ZERO));
    let service = service.unwrap();
    let mut stream = connect(&service).await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    let mut some = [0; 4096];
    within(stream.read_exact(&mut some)).await.unwrap();
    drop(stream);
    within(service.wait_open(0)).await;
}

#[tokio::test]
async fn a_connection_may_be_served_byte_by_byte() {
    let service = ScriptedService::connections(async |mut connection: Connection| {
        let request = connection.request().await.unwrap();
        let number = connection.number;
        connection
            .send(format!("{number} {}", request.text()))
            .await;
    })
    .unwrap();
    let chunked =
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n";
    assert_eq!(raw(&service, chunked).await.unwrap(), "1 hello");
    assert_eq!(raw(&service, GET).await.unwrap(), "2 ");
}

#[tokio::test]
async fn over_tls_the_certificate_is_the_authoritys() {
    let authority = Authority::new().unwrap();
    let identity = authority.sign("svc.test", Validity::Now).unwrap();
    let tls = acceptor(&identity, &["http/1.1"], None).unwrap();
    let service = ScriptedService::builder()
        .tls(tls)
        .start(|_| Response::text("ok").then_close())
        .unwrap();
    assert!(service.url().starts_with("https://127.0.0.1:"));
    for (trusted, good) in [(&authority, true), (&Authority::new().unwrap(), false)] {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(trusted.certificate().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = "svc.test".try_into().unwrap();
        let connected = within(connector.connect(name, connect(&service).await)).await;
        assert_eq!(connected.is_ok(), good);
        if let Ok(mut stream) = connected {
            stream.write_all(GET.as_bytes()).await.unwrap();
            let mut received = String::new();
            within(stream.read_to_string(&mut received)).await.unwrap();
            assert!(received.ends_with("\r\n\r\nok"), "{received}");
        }
    }
    let requests = service.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].server_name.as_deref(), Some("svc.test"));
}

#[tokio::test]
async fn a_service_that_is_stopped_leaves_its_port() {
    let service = ScriptedService::start(|_| Response::text("one")).unwrap();
    let address = service.address();
    let mut client = Http1::connect_to(&address.to_string()).await;
    assert_eq!(client.get("/").await.body.unwrap(), "one");
    service.stop().await;
    within(client.closed()).await;
    let again = ScriptedService::builder().at(address);
    let again = again.start(|_| Response::text("two")).unwrap();
    let mut client = Http1::connect_to(&again.address().to_string()).await;
    assert_eq!(client.get("/").await.body.unwrap(), "two");
}

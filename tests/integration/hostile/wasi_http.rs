//! A component by `wasi:http` is stopped by the same limits, with the same codes, as any BFF.

use downstream_mock::{Fault, Service};
use tailor_harness::components::wasi_http_hostile;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::arena::{Arena, HostileBff, TIMEOUT};

fn foe<'a>(name: &'a str, settings: &'a str) -> HostileBff<'a> {
    HostileBff::of(
        name,
        std::fs::read(wasi_http_hostile().unwrap()).unwrap(),
        settings,
    )
}

#[tokio::test]
async fn each_limit_stops_it_with_its_code() {
    let arena = Arena::start(&[foe("foe", "deadline = \"20s\"")]).await;
    for (path, code) in [
        ("/loop", "bff-cpu-limit"),
        ("/spin", "bff-cpu-limit"),
        ("/grow", "bff-memory-limit"),
        ("/trap", "bff-trap"),
        // It has answered, and is not whole yet.
        ("/after", "bff-trap"),
        ("/exit", "bff-trap"),
        ("/foreign", "bff-trap"),
        ("/twice", "bff-host-limit"),
        ("/fields?count=10000", "bff-host-limit"),
        ("/many?count=10000", "bff-host-limit"),
        ("/endless-body", "bff-response-too-large"),
    ] {
        arena.is_stopped("foe", path, 502, code).await;
    }
}

#[tokio::test]
async fn what_is_no_response_or_not_a_whole_one_is_not_passed_on() {
    let arena = Arena::start(&[foe("foe", "")]).await;
    for path in [
        "/unset",
        "/dropped",
        "/error",
        "/leaked-body",
        "/dropped-body",
        "/wrong-length?length=2",
        "/wrong-length?length=10",
        "/without-body?length=5",
        "/binary-header",
        "/respond?status=100",
        "/respond?status=199",
        "/respond?status=600",
        "/respond?status=204&bytes=1",
        "/respond?status=304&bytes=1",
        "/respond?status=200&name=tailor-error&value=bff-trap",
        "/respond?status=200&name=x-forwarded-for&value=a",
        "/respond?status=200&name=x-accel-redirect&value=/a",
        "/respond?status=200&name=te&value=trailers",
    ] {
        arena
            .is_stopped("foe", path, 502, "bff-illegal-response")
            .await;
    }
}

#[tokio::test]
async fn what_is_legal_is_passed_on() {
    let arena = Arena::start(&[foe("foe", "limits.response-size = \"100KB\"")]).await;
    for (path, status, body) in [
        ("/", 200, "ok"),
        ("/trailers", 200, "ok"),
        // No illegal status or field was even taken.
        ("/invalid", 200, ""),
        ("/wrong-length?length=3", 200, "abc"),
        ("/without-body?length=0", 200, ""),
        ("/respond?status=204", 204, ""),
        ("/respond?status=599&bytes=3", 599, "xxx"),
        // The length is that of what is not sent.
        ("/respond?status=304&name=content-length&value=10", 304, ""),
        // It announces trailers, which are left out.
        (
            "/respond?status=200&name=trailer&value=x-after&bytes=1",
            200,
            "x",
        ),
        (
            "/respond?status=200&name=connection&value=close&bytes=1",
            200,
            "x",
        ),
    ] {
        let reply = arena.host.get(&format!("/foe{path}")).await.unwrap();
        assert_eq!(
            (reply.status.as_u16(), &*reply.text()),
            (status, body),
            "{path}"
        );
        assert!(!reply.headers.contains_key("connection"), "{path}");
    }
    let whole = "/foe/respond?status=200&bytes=100000";
    let reply = arena.host.get(whole).await.unwrap();
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 100_000));
    let over = "/respond?status=200&bytes=100001";
    arena
        .is_stopped("foe", over, 502, "bff-response-too-large")
        .await;
}

#[tokio::test]
async fn waiting_ends_with_the_deadline() {
    let settings = "deadline = \"2s\"\nlimits.cpu = \"2s\"";
    let arena = Arena::start(&[foe("foe", settings)]).await;
    arena.is_stopped("foe", "/sleep", 504, "bff-deadline").await;
    // A call ends before, with time left for an answer.
    arena
        .services
        .set_fault(Service::Goals, Fault::hang())
        .await
        .unwrap();
    for path in ["/each?count=1", "/unfinished"] {
        let reply = arena.host.get(&format!("/foe{path}")).await.unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        assert!(
            reply.text().contains("HttpResponseTimeout"),
            "{path}: {}",
            reply.text()
        );
        assert_eq!(
            reply.header("tailor-degraded"),
            "goals;failed=timeout",
            "{path}"
        );
    }
}

#[tokio::test]
async fn it_ends_when_its_client_hangs_up() {
    let endless = "deadline = \"1000s\"\nlimits.cpu = \"1000s\"";
    let arena = Arena::start(&[foe("foe", endless)]).await;
    for (gone, path) in (1..).zip(["/loop", "/sleep", "/held-body", "/spin"]) {
        arena
            .beside_neighbour(async {
                let mut stream = TcpStream::connect(arena.host.address()).await.unwrap();
                let request = format!("GET /foe{path} HTTP/1.1\r\nhost: tailor\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                arena.wait_until_running("foe", 1).await;
                drop(stream);
                arena.wait_until_running("foe", 0).await;
            })
            .await;
        let counted = async {
            while arena.counted("foe", "client-gone").await != gone {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(TIMEOUT, counted).await.expect(path);
    }
}

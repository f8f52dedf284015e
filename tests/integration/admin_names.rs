//! The host names that the admin listener accepts: those that the operator configured.

use tailor_harness::TestHost;

use crate::modules::{self, ECHO, Part};
use crate::wire::{ClientResponse, Wire};

async fn host() -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let settings = "admin.hosts = [\"tailor.internal\", \"xn--bcher-kva.example\"]";
    let builder = builder.unwrap().config(settings).config(ECHO);
    builder.start().await.unwrap()
}

async fn ask(host: &TestHost, head: &str) -> ClientResponse {
    Wire::ask(
        host.host().admin_address().unwrap(),
        &format!("{head}\r\n\r\n"),
    )
    .await
}

#[tokio::test]
async fn an_unknown_host_name_is_refused_on_every_page() {
    let host = host().await;
    let pages = ["/bffs", "/metrics", "/livez", "/readyz", "/", "/nowhere"];
    for name in [
        "evil.example",
        "tailor.internal.evil.example",
        "evil.example:8081",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "0x7f000001",
        "2130706433",
        "127.1",
    ] {
        for page in pages {
            let answer = ask(&host, &format!("GET {page} HTTP/1.1\r\nhost: {name}")).await;
            assert_eq!(answer.status, 421, "{name} {page}");
            assert!(
                answer.body.contains("add it to admin.hosts"),
                "{}",
                answer.body
            );
            assert!(!answer.body.contains("echo"), "{}", answer.body);
        }
        let post = format!("POST /downstreams/x/breaker?state=open HTTP/1.1\r\nhost: {name}");
        assert_eq!(ask(&host, &post).await.status, 421, "{name}");
    }
    // The target's own name is the one that counts (RFC 9112 section 3.2.2).
    let target = "GET http://evil.example/bffs HTTP/1.1\r\nhost: localhost";
    assert_eq!(ask(&host, target).await.status, 421);
    for head in [
        "GET /bffs HTTP/1.1",
        "GET /bffs HTTP/1.1\r\nhost: localhost\r\nhost: evil.example",
        "GET /bffs HTTP/1.1\r\nhost: local host",
    ] {
        assert_eq!(ask(&host, head).await.status, 400, "{head}");
    }
}

#[tokio::test]
async fn addresses_and_names_that_it_was_given_are_answered() {
    let host = host().await;
    for name in [
        "localhost",
        "LOCALHOST:8081",
        "localhost.",
        "127.0.0.1:8081",
        "10.1.2.3",
        "[::1]:8081",
        "[fe80::1]",
        "tailor.internal",
        "Tailor.Internal.:443",
        "xn--bcher-kva.example",
    ] {
        let answer = ask(&host, &format!("GET /bffs HTTP/1.1\r\nhost: {name}")).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    // What a balancer's probe sends, and no browser.
    let answer = ask(&host, "GET /livez HTTP/1.0").await;
    assert_eq!((answer.status, &*answer.body), (200, "ok\n"));
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_accepted() {
    let host = host().await;
    let get = |accept: &str| format!("GET /metrics HTTP/1.1\r\nhost: localhost{accept}");
    let open = ask(
        &host,
        &get("\r\naccept: application/openmetrics-text; version=1.0.0"),
    )
    .await;
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
    assert!(open.body.contains("# TYPE tailor_unread_answers counter\n"));
    for accept in [
        "",
        "\r\naccept: */*",
        "\r\naccept: text/plain;version=0.0.4",
    ] {
        let classic = ask(&host, &get(accept)).await;
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!(classic.header("content-type"), kind, "{accept}");
        assert!(!classic.body.contains("# EOF"), "{accept}");
        assert!(
            classic
                .body
                .contains("# TYPE tailor_unread_answers_total counter\n")
        );
        // Samples are the same, but for what happened in between.
        let names = |text: &str| -> Vec<String> {
            let samples = text.lines().filter(|line| !line.starts_with('#'));
            let names = samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
            names.collect()
        };
        assert_eq!(names(&classic.body), names(&open.body), "{accept}");
    }
}

//! Equal reads that are under way at once are one call, and only those.

use std::sync::Arc;

use futures_util::future::join_all;
use tailor_harness::TestHost;
use tokio::sync::Semaphore;

use super::site::{Site, answer, field};
use super::*;

/// A service that says who asked, once it may.
async fn held() -> (Site, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let site = Site::start(move |request, number| {
        let gate = gate.clone();
        let who = field(request.headers(), "authorization");
        async move {
            gate.acquire().await.unwrap().forget();
            answer(200, &[], format!("{who} {number}"))
        }
    })
    .await;
    (site, opened)
}

async fn in_flight(host: &TestHost, count: u64) {
    eventually("calls that are under way", async || {
        let state = host.admin("/bffs").await.unwrap().json();
        (state["calls_in_flight"] == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_thousand_equal_reads_make_one_call() {
    const READS: usize = 1_000;
    let (site, gate) = held().await;
    let limits = format!("limits.concurrency = {READS}\nlimits.memory = \"1MiB\"");
    let host = Setup::with("server.max-streams = 1000")
        .instances(READS)
        .service("svc", &site.url(), "")
        .relay("r", &limits)
        .start()
        .await;
    let reads = join_all((0..READS).map(|_| host.get_http2("/r/svc/x")));
    let release = async {
        in_flight(&host, READS as u64).await;
        assert_eq!(site.requests(), 1);
        gate.add_permits(READS);
    };
    let (replies, ()) = tokio::join!(reads, release);
    for reply in replies {
        let reply = reply.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 1"));
        assert_eq!(degraded(&reply), "");
    }
    assert_eq!(site.requests(), 1);
    assert_eq!(event(&host, "svc", "coalesced").await, (READS - 1) as f64);
}

#[tokio::test]
async fn different_users_never_share_a_call() {
    let (site, gate) = held().await;
    let host = Setup::new()
        .service("svc", &site.url(), "pass-headers = [\"authorization\"]")
        .relay("r", "")
        .start()
        .await;
    let users = ["ada", "grace", "ada", "grace", "ada", "grace"];
    let fields = users.map(|user| [("authorization", user)]);
    let reads = join_all(
        fields
            .iter()
            .map(|fields| get_as(&host, "/r/svc/x", fields)),
    );
    let release = async {
        in_flight(&host, users.len() as u64).await;
        gate.add_permits(users.len());
    };
    let (replies, ()) = tokio::join!(reads, release);
    for (reply, user) in replies.iter().zip(users) {
        assert_eq!(reply.status, 200);
        assert!(reply.text().starts_with(user), "{user}: {}", reply.text());
    }
    assert_eq!(site.requests(), 2);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_end_the_call_of_the_others() {
    let (site, gate) = held().await;
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .start()
        .await;
    let mut first = Box::pin(host.get("/r/svc/x"));
    let mut second = Box::pin(get(&host, "/r/svc/x"));
    tokio::select! {
        _ = &mut first => panic!("nothing is answered yet"),
        () = in_flight(&host, 1) => {}
    }
    tokio::select! {
        _ = &mut first => panic!("nothing is answered yet"),
        _ = &mut second => panic!("nothing is answered yet"),
        () = in_flight(&host, 2) => {}
    }
    drop(first);
    tokio::select! {
        _ = &mut second => panic!("nothing is answered yet"),
        () = in_flight(&host, 1) => {}
    }
    gate.add_permits(2);
    let reply = second.await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 1"));
    assert_eq!(site.requests(), 1);
}

//! Equal reads that are under way at once are one call, and only those.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use downstream_mock::scripted::{Gate, Request, Response, ScriptedService};
use futures_util::future::join_all;
use serde_json::json;
use tailor_harness::TestHost;

use super::*;
use crate::downstream::relay::{failure, relay};
use crate::wire::soon;

/// A service that answers with its caller, once the gate is open.
fn held() -> (ScriptedService, Gate) {
    held_with(&[])
}

/// The same, with these fields in its answers.
fn held_with(fields: &[(&'static str, &'static str)]) -> (ScriptedService, Gate) {
    let gate = Gate::new();
    let (passed, fields) = (gate.clone(), fields.to_vec());
    let site = ScriptedService::start(move |request| {
        answer(request).headers(&fields).after(passed.pass())
    });
    (site.unwrap(), gate)
}

/// Answers with the caller and the number of requests.
fn answer(request: Request) -> Response {
    let who = request.header("authorization").unwrap_or_default();
    Response::text(format!("{who} {}", request.number))
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
    let (site, gate) = held();
    // This many at once may wait for each other for longer than usual, on a busy machine.
    let limits =
        format!("limits.concurrency = {READS}\nlimits.memory = \"1MiB\"\nlimits.cpu-wait = \"6s\"");
    let host = Setup::with("server.max-streams = 1000")
        .instances(READS)
        .service("svc", &site.url(), "")
        .relay("r", &limits)
        .start()
        .await;
    let reads = join_all((0..READS).map(|_| host.get_http2("/r/svc/x")));
    let release = async {
        in_flight(&host, READS as u64).await;
        assert_eq!(site.count(), 1);
        gate.open(READS);
    };
    let (replies, ()) = tokio::join!(reads, release);
    for reply in replies {
        let reply = reply.unwrap();
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 1"));
        assert_eq!(degraded(&reply), "");
    }
    assert_eq!(site.count(), 1);
    assert_eq!(event(&host, "svc", "coalesced").await, (READS - 1) as f64);
}

#[tokio::test]
async fn different_users_never_share_a_call() {
    let (site, gate) = held();
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
        gate.open(users.len());
    };
    let (replies, ()) = tokio::join!(reads, release);
    for (reply, user) in replies.iter().zip(users) {
        assert_eq!(reply.status, 200);
        assert!(reply.text().starts_with(user), "{user}: {}", reply.text());
    }
    assert_eq!(site.count(), 2);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_end_the_call_of_the_others() {
    let (site, gate) = held();
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
    gate.open(2);
    let reply = second.await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 1"));
    assert_eq!(site.count(), 1);
}

/// A BFF with a short timeout makes a call, and one with a long one joins it while `others` calls
/// are under way. `joined` is done when it has, `late` when the first one's time is over. Gives
/// what the second one got.
async fn joins_a_call_with_a_short_timeout(
    host: &TestHost,
    others: u64,
    joined: impl FnOnce(),
    late: impl FnOnce(),
) -> Reply {
    let hasty = async {
        let reply = get(host, "/hasty/svc/x").await;
        assert_eq!(failure(&reply).map(|it| it.0), Some("timeout"), "{reply:?}");
        late();
    };
    let patient = async {
        in_flight(host, others + 1).await;
        get(host, "/patient/svc/x").await
    };
    let both = async {
        in_flight(host, others + 2).await;
        joined();
    };
    let ((), reply, ()) = tokio::join!(hasty, patient, both);
    assert_eq!(event(host, "svc", "coalesced").await, 1.0);
    reply
}

/// Two BFFs that may call the service, one of which gives each call half a second.
fn hasty_and_patient(setup: Setup) -> Setup {
    setup
        .relay_of("hasty", &relay("v1", Some(500)), "")
        .relay("patient", "")
}

#[tokio::test]
async fn one_who_joins_in_the_queue_waits_there_for_as_long_as_it_may() {
    let (site, gate) = held();
    let setup = Setup::new().service("svc", &site.url(), "max-calls = 1");
    let host = hasty_and_patient(setup).start().await;
    let held = get(&host, "/patient/svc/held");
    let others = async {
        soon(site.wait_for(1)).await;
        joins_a_call_with_a_short_timeout(&host, 1, || {}, || gate.open(2)).await
    };
    let (held, reply) = tokio::join!(held, others);
    assert_eq!((held.status.as_u16(), held.text().as_str()), (200, " 1"));
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 2"));
}

#[tokio::test]
async fn one_who_joins_waits_for_credentials_for_as_long_as_it_may() {
    let site = ScriptedService::start(answer).unwrap();
    let gate = Gate::new();
    let passed = gate.clone();
    let tokens = ScriptedService::start(move |_| {
        let token = json!({"access_token": "token", "token_type": "bearer"});
        Response::json(token).after(passed.pass())
    })
    .unwrap();
    let settings = format!(
        "[credentials]\noauth2-token-url = \"{}/token\"\nclient-id = \"tailor\"\nclient-secret-file = \"secret\"",
        tokens.url()
    );
    let setup = Setup::new()
        .file("secret", "hush")
        .service("svc", &site.url(), &settings);
    let host = hasty_and_patient(setup).start().await;
    let reply = joins_a_call_with_a_short_timeout(&host, 0, || {}, || gate.open(9)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, "Bearer token 1")
    );
}

#[tokio::test]
async fn one_who_joins_has_a_retry_that_the_first_has_no_time_for() {
    let gate = Gate::new();
    let passed = gate.clone();
    let site = ScriptedService::start(move |request| match request.number {
        1 => Response::new(503)
            .header("retry-after", "1")
            .after(passed.pass()),
        number => Response::text(number.to_string()),
    });
    let site = site.unwrap();
    let setup = Setup::new().service("svc", &site.url(), "");
    let host = hasty_and_patient(setup).start().await;
    let reply = joins_a_call_with_a_short_timeout(&host, 0, || gate.open(1), || {}).await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "2"));
}

#[tokio::test]
async fn one_who_joins_gives_a_permit_that_the_first_has_not() {
    let (site, gate) = held();
    let setup = Setup::new().service("svc", &site.url(), "max-calls = 2\nbff-share = 50");
    let host = setup.relay("busy", "").relay("idle", "").start().await;
    let held = get(&host, "/busy/svc/held");
    let first = async {
        soon(site.wait_for(1)).await;
        get(&host, "/busy/svc/x").await
    };
    let second = async {
        in_flight(&host, 2).await;
        assert_eq!(site.count(), 1);
        get(&host, "/idle/svc/x").await
    };
    // The busy BFF's calls are not answered before the shared call is there.
    let release = async {
        soon(site.wait_for(2)).await;
        gate.open(2);
    };
    let (held, first, second, ()) = tokio::join!(held, first, second, release);
    assert_eq!(held.text(), " 1");
    for reply in [first, second] {
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, " 2"));
    }
    assert_eq!(site.count(), 2);
}

#[tokio::test]
async fn an_answer_for_one_caller_is_given_to_no_other() {
    const CALLERS: usize = 6;
    for field in [
        ("set-cookie", "session=1"),
        ("cache-control", "public, max-age=60"),
        ("cache-control", "no-store"),
        ("cache-control", "private, max-age=60"),
        ("cache-control", "no-cache"),
        ("vary", "*"),
        ("vary", "x-request-id"),
    ] {
        let cookie = [field, ("set-cookie", "session=2")];
        let fields = if field.1.starts_with("public") {
            &cookie[..]
        } else {
            &cookie[..1]
        };
        let (site, gate) = held_with(fields);
        let host = Setup::new()
            .service("svc", &site.url(), "")
            .relay("r", "")
            .start()
            .await;
        for round in 0..2 {
            let reads = join_all((0..CALLERS).map(|_| get(&host, "/r/svc/login")));
            let release = async {
                in_flight(&host, CALLERS as u64).await;
                if round == 0 {
                    // All wait for the first call, and then make their own side by side.
                    site.wait_for(1).await;
                    gate.open(1);
                }
                // Once that is known they do not wait for each other at all.
                site.wait_for((round + 1) * CALLERS).await;
                gate.open(CALLERS - usize::from(round == 0));
            };
            let (replies, ()) = tokio::join!(reads, release);
            let mut bodies: Vec<_> = replies.iter().map(Reply::text).collect();
            bodies.sort_unstable();
            bodies.dedup();
            assert_eq!(bodies.len(), CALLERS, "{field:?}: {bodies:?}");
        }
        assert_eq!(event(&host, "svc", "coalesced").await, 0.0, "{field:?}");
    }
}

#[tokio::test]
async fn calls_are_one_again_when_their_answers_are_for_all() {
    let private = Arc::new(AtomicBool::new(true));
    let gate = Gate::new();
    let (is_private, passed) = (private.clone(), gate.clone());
    let site = ScriptedService::start(move |request| {
        let fields = [("cache-control", "private")];
        let count = usize::from(is_private.load(Ordering::SeqCst));
        answer(request)
            .headers(&fields[..count])
            .after(passed.pass())
    });
    let site = site.unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .start()
        .await;
    // Of two calls; of one that is made alone and finds that this is over; of two again.
    for (callers, permits, is_private, requests) in
        [(2, 2, true, 2), (1, 1, false, 3), (2, 1, false, 4)]
    {
        private.store(is_private, Ordering::SeqCst);
        let reads = join_all((0..callers).map(|_| get(&host, "/r/svc/x")));
        let release = async {
            in_flight(&host, callers).await;
            gate.open(permits);
        };
        tokio::join!(reads, release);
        assert_eq!(site.count(), requests);
    }
}

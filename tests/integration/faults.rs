//! A service that fails in any way costs an answer its part and nothing else: the rest arrives
//! inside of the deadline, marked as incomplete by the BFF and by the host, and is whole again as
//! soon as the service is.
//!
//! No breaker opens here, however many faults there are: each call shall meet the fault itself. A
//! call that fails may be made again, as is the default; what fails again, fails.

mod each;

use std::time::{Duration, Instant};

use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tailor_harness::{Reply, TestHost};

use crate::observe::calls;

const DEADLINE: Duration = Duration::from_secs(6);
const WATCH: &str = "/watch/ada?date=2026-01-15";
const DASHBOARD: &str = "/dashboard/ada?date=2026-01-15";

/// Calls have one second, and the BFFs have five more to answer with what is there: far more than
/// they need, so that a busy machine changes no result. The services' own timeouts are out of the
/// way: it is the deadline that ends a call.
const BFFS: &str = r#"
[bff.watch]
component = "watch.wasm"
downstreams = ["activity", "heart", "sleep"]
deadline = "6s"
answer-reserve = "5s"
[bff.dashboard]
component = "dashboard.wasm"
downstreams = ["activity", "goals", "heart", "profile", "sleep"]
deadline = "6s"
answer-reserve = "5s"
[[route]]
bff = "watch"
path = "/watch"
[[route]]
bff = "dashboard"
path = "/dashboard"
"#;

async fn host(services: &Services) -> TestHost {
    host_with(services, "").await
}

/// The same, with more settings of all services.
async fn host_with(services: &Services, more: &str) -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.example("watch").unwrap();
    let builder = builder.example("dashboard").unwrap();
    let settings = "timeout = \"6s\"\nfirst-byte-timeout = \"6s\"\nmax-response-size = \"256KiB\"\nbreaker.enabled = false";
    let settings = format!("{settings}\n{more}");
    let builder = builder.services(services, &settings).config(BFFS);
    builder.start().await.unwrap()
}

async fn get(host: &TestHost, path: &str) -> Reply {
    let started = Instant::now();
    let reply = host.get(path).await.unwrap();
    let took = started.elapsed();
    assert!(took < DEADLINE + Duration::from_secs(1), "{path}: {took:?}");
    reply
}

#[tokio::test]
async fn a_sequence_of_statuses_shows_in_the_answers_in_turn() {
    let services = Services::start().unwrap();
    let host = host(&services).await;
    let sequence = Fault::statuses([503, 200, 404, 500]);
    services.set_fault(Service::Heart, sequence).await.unwrap();
    // The first is made again, because 503 says that a service is in trouble just now. Neither 404
    // nor 500 says so, and of these two only the second says that anything is wrong.
    for (heart, degraded) in [
        (json!(51), ""),
        (json!(null), ""),
        (json!(null), "heart;failed=status-500"),
        (json!(51), ""),
    ] {
        let reply = get(&host, WATCH).await;
        assert_eq!(
            reply.json(),
            json!({"steps": 10213, "heart": heart, "sleep": 411})
        );
        assert_eq!(reply.header("tailor-degraded"), degraded);
    }
    assert_eq!(services.counts(Service::Heart).requests, 5);
}

#[tokio::test]
async fn without_retries_each_status_of_a_sequence_shows() {
    let services = Services::start().unwrap();
    let host = host_with(&services, "retry.max = 0").await;
    let sequence = Fault::statuses([503, 200, 404, 500]);
    services.set_fault(Service::Heart, sequence).await.unwrap();
    for heart in [json!(null), json!(51), json!(null), json!(null), json!(51)] {
        let reply = get(&host, WATCH).await;
        assert_eq!(
            reply.json(),
            json!({"steps": 10213, "heart": heart, "sleep": 411})
        );
    }
}

#[tokio::test]
async fn a_heavy_tail_costs_the_slow_ones_alone() {
    let services = Services::start().unwrap();
    // All requests are equal, and each must meet its own fault.
    let host = host_with(&services, "coalesce = false").await;
    let tail = Fault::heavy_tail(Duration::from_secs(60), 30.0, 7);
    services.set_fault(Service::Heart, tail).await.unwrap();
    let replies = join_all((0..30).map(|_| get(&host, WATCH))).await;
    let mut slow = 0_u32;
    for reply in replies {
        assert_eq!(reply.status, 200);
        let (heart, kept, degraded) = match reply.json()["heart"].is_null() {
            true => (json!(null), "no-store", "heart;failed=timeout"),
            false => (json!(51), "private, max-age=30", ""),
        };
        slow += u32::from(heart.is_null());
        assert_eq!(
            reply.json(),
            json!({"steps": 10213, "heart": heart, "sleep": 411})
        );
        assert_eq!(reply.header("cache-control"), kept);
        assert_eq!(reply.header("tailor-degraded"), degraded);
    }
    assert!((1..30).contains(&slow), "{slow}");
    assert_eq!(calls(&host, "heart", "timeout").await, f64::from(slow));
    assert_eq!(calls(&host, "heart", "2xx").await, f64::from(30 - slow));
}

#[tokio::test]
async fn what_no_service_knows_is_not_found() {
    let services = Services::start().unwrap();
    let host = host(&services).await;
    for service in Service::ALL {
        let unknown = Fault::statuses([404]).times(99);
        services.set_fault(service, unknown).await.unwrap();
    }
    for path in [WATCH, DASHBOARD] {
        let reply = get(&host, path).await;
        assert_eq!(reply.status, 404, "{reply:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(
            reply.json()["detail"],
            json!("no user `ada`, or no data of 2026-01-15")
        );
    }
}

#[tokio::test]
async fn a_service_that_hangs_keeps_nothing_from_those_who_do_not_need_it() {
    let services = Services::start().unwrap();
    let host = host(&services).await;
    services
        .set_fault(Service::Heart, Fault::hang())
        .await
        .unwrap();
    let waiting = async {
        services.wait_for_requests(Service::Heart, 1).await;
        // The other one is still waiting for the heart when this one has its answer.
        let reply = get(&host, "/dashboard/ada?date=2026-01-15&fields=profile,sleep").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["missing"], json!([]));
        assert_eq!(calls(&host, "heart", "timeout").await, 0.0);
    };
    let (watch, ()) = tokio::join!(get(&host, WATCH), waiting);
    assert_eq!(watch.json()["heart"], Value::Null);
    assert_eq!(calls(&host, "heart", "timeout").await, 1.0);
    // The service learns that its caller is gone.
    services.wait_for_aborted(Service::Heart, 1).await;
}

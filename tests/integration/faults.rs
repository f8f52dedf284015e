//! A service that fails in any way costs an answer its part and nothing else: the rest arrives inside of the deadline, marked
//! as incomplete, and is whole again as soon as the service is.

use std::time::{Duration, Instant};

use downstream_mock::{Fault, Garbling, Service, Services};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tailor_harness::{Reply, TestHost};

use crate::observe::calls;

const DEADLINE: Duration = Duration::from_secs(6);
const WATCH: &str = "/watch/ada?date=2026-01-15";
const DASHBOARD: &str = "/dashboard/ada?date=2026-01-15";

/// Calls have one second, and the BFFs have five more to answer with what is there: far more than they need, so that a busy
/// machine changes no result. The services' own timeouts are out of the way: it is the deadline that ends a call.
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
    let builder = TestHost::builder().unwrap();
    let builder = builder.example("watch").unwrap();
    let builder = builder.example("dashboard").unwrap();
    let settings = "timeout = \"6s\"\nfirst-byte-timeout = \"6s\"\nmax-response-size = \"256KiB\"";
    let builder = builder.services(services, settings).config(BFFS);
    builder.start().await.unwrap()
}

/// A part of an answer.
struct Part {
    name: &'static str,
    service: Service,
    /// Whether the host picks its values out of the service's answer. Otherwise the BFF reads the whole.
    selected: bool,
}

const fn part(name: &'static str, service: Service, selected: bool) -> Part {
    Part {
        name,
        service,
        selected,
    }
}

const WATCH_PARTS: [Part; 3] = [
    part("steps", Service::Activity, true),
    part("heart", Service::Heart, true),
    part("sleep", Service::Sleep, true),
];

const DASHBOARD_PARTS: [Part; 6] = [
    part("profile", Service::Profile, false),
    part("goals", Service::Goals, false),
    part("history", Service::Activity, false),
    part("heart", Service::Heart, true),
    part("sleep", Service::Sleep, false),
    part("today", Service::Activity, false),
];

/// A fault, and how it shows: as an outcome in the metrics, and in a word to the client.
struct Case {
    fault: Fault,
    outcome: &'static str,
    why: &'static str,
    /// What of that is otherwise when it is the BFF that reads the answer, since the host passes on any text.
    whole: Option<(&'static str, &'static str)>,
}

impl Case {
    fn shows(&self, selected: bool) -> (&'static str, &'static str) {
        match self.whole {
            Some(whole) if !selected => whole,
            _ => (self.outcome, self.why),
        }
    }
}

fn cases() -> Vec<Case> {
    let long = Duration::from_secs(60);
    let case = |fault, outcome, why| Case {
        fault,
        outcome,
        why,
        whole: None,
    };
    let no_json = |fault| Case {
        whole: Some(("2xx", "unreadable")),
        ..case(fault, "malformed", "malformed")
    };
    vec![
        case(Fault::delay(long), "timeout", "timeout"),
        case(Fault::heavy_tail(long, 100.0, 1), "timeout", "timeout"),
        case(Fault::hang(), "timeout", "timeout"),
        case(
            Fault::trickle(8, Duration::from_millis(500)),
            "timeout",
            "timeout",
        ),
        case(Fault::statuses([503]).times(99), "5xx", "status-503"),
        case(Fault::statuses([429]).times(99), "4xx", "status-429"),
        case(Fault::refuse(), "unreachable", "unreachable"),
        case(Fault::reset(), "interrupted", "interrupted"),
        case(Fault::oversize(1_000_000), "too-large", "too-large"),
        no_json(Fault::html()),
        no_json(Fault::invalid_json(Garbling::Truncated)),
        no_json(Fault::invalid_json(Garbling::Garbage)),
    ]
}

async fn get(host: &TestHost, path: &str) -> Reply {
    let started = Instant::now();
    let reply = host.get(path).await.unwrap();
    let took = started.elapsed();
    assert!(took < DEADLINE + Duration::from_secs(1), "{path}: {took:?}");
    reply
}

/// Both answers while all services are well.
async fn healthy(host: &TestHost) -> [Value; 2] {
    let (watch, dashboard) = tokio::join!(get(host, WATCH), get(host, DASHBOARD));
    for reply in [&watch, &dashboard] {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.header("cache-control").contains("max-age"));
    }
    [watch.json(), dashboard.json()]
}

/// What the parts of failing services look like in an answer: the name of each with the reason.
fn missing(parts: &[Part], failing: &[Service], case: &Case) -> Vec<(&'static str, &'static str)> {
    let parts = parts.iter().filter(|part| failing.contains(&part.service));
    parts
        .map(|part| (part.name, case.shows(part.selected).1))
        .collect()
}

/// Compares an answer with the healthy one: `null` for what is missing, and nothing else is touched. With nothing left, the
/// answer is a problem.
fn check(reply: &Reply, whole: &Value, parts: &[Part], missing: &[(&str, &str)]) {
    assert_eq!(reply.header("tailor-error"), "", "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store", "{reply:?}");
    if missing.len() == parts.len() {
        let reasons: Vec<String> = missing
            .iter()
            .map(|(part, why)| format!("{part} ({why})"))
            .collect();
        let detail = format!("no part is available: {}", reasons.join(", "));
        assert_eq!(reply.status, 503, "{reply:?}");
        assert_eq!(reply.header("retry-after"), "5");
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.json()["detail"], json!(detail));
        return;
    }
    let mut expected = whole.clone();
    for (part, _) in missing {
        expected[*part] = Value::Null;
    }
    if let Some(list) = expected.get_mut("missing") {
        let entry = |(part, why): &(&str, &str)| json!({"part": part, "why": why});
        *list = missing.iter().map(entry).collect();
    }
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json(), expected);
}

/// How many calls of one answer of each BFF end in each outcome, by service.
fn outcomes(failing: &[Service], case: &Case) -> Vec<(Service, &'static str)> {
    let parts = WATCH_PARTS.iter().chain(&DASHBOARD_PARTS);
    parts
        .map(|part| {
            let fails = failing.contains(&part.service);
            let outcome = if fails {
                case.shows(part.selected).0
            } else {
                "2xx"
            };
            (part.service, outcome)
        })
        .collect()
}

async fn counted(host: &TestHost) -> Vec<(Service, &'static str, f64)> {
    let mut all = Vec::new();
    for service in Service::ALL {
        for outcome in [
            "2xx",
            "4xx",
            "5xx",
            "timeout",
            "unreachable",
            "interrupted",
            "too-large",
            "malformed",
            "overloaded",
        ] {
            let count = calls(host, service.name(), outcome).await;
            all.push((service, outcome, count));
        }
    }
    all
}

/// Puts each fault on these services, asks both BFFs, and takes it away again.
async fn each_fault_on(failing: &[Service]) {
    let services = Services::start().unwrap();
    let host = host(&services).await;
    let whole = healthy(&host).await;
    for case in cases() {
        let what = format!("{:?}", case.fault.kind);
        let before = counted(&host).await;
        for service in failing {
            services
                .set_fault(*service, case.fault.clone())
                .await
                .unwrap();
        }
        let (watch, dashboard) = tokio::join!(get(&host, WATCH), get(&host, DASHBOARD));
        eprintln!("{what}: {}", watch.text());
        let gone = missing(&WATCH_PARTS, failing, &case);
        check(&watch, &whole[0], &WATCH_PARTS, &gone);
        let gone = missing(&DASHBOARD_PARTS, failing, &case);
        check(&dashboard, &whole[1], &DASHBOARD_PARTS, &gone);

        let outcomes = outcomes(failing, &case);
        for (now, before) in counted(&host).await.iter().zip(before) {
            let (service, outcome, count) = *now;
            let expected = outcomes.iter().filter(|call| **call == (service, outcome));
            let new = count - before.2;
            assert_eq!(new, expected.count() as f64, "{what}: {service} {outcome}");
        }

        for service in failing {
            services.clear_fault(*service).await.unwrap();
        }
        assert_eq!(healthy(&host).await, whole, "after {what}");
    }
}

#[tokio::test]
async fn each_fault_of_the_heart_service_costs_one_part() {
    each_fault_on(&[Service::Heart]).await;
}

#[tokio::test]
async fn each_fault_of_a_service_whose_answer_is_read_whole_costs_one_part() {
    each_fault_on(&[Service::Sleep]).await;
}

#[tokio::test]
async fn each_fault_of_a_service_that_is_called_twice_costs_two_parts() {
    each_fault_on(&[Service::Activity]).await;
}

#[tokio::test]
async fn each_fault_of_two_services_costs_the_parts_of_both() {
    each_fault_on(&[Service::Heart, Service::Profile]).await;
}

#[tokio::test]
async fn each_fault_of_all_services_leaves_a_problem_that_names_every_part() {
    each_fault_on(&Service::ALL).await;
}

#[tokio::test]
async fn a_sequence_of_statuses_shows_in_the_answers_in_turn() {
    let services = Services::start().unwrap();
    let host = host(&services).await;
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
    let host = host(&services).await;
    let tail = Fault::heavy_tail(Duration::from_secs(60), 30.0, 7);
    services.set_fault(Service::Heart, tail).await.unwrap();
    let replies = join_all((0..30).map(|_| get(&host, WATCH))).await;
    let mut slow = 0_u32;
    for reply in replies {
        assert_eq!(reply.status, 200);
        let (heart, kept) = match reply.json()["heart"].is_null() {
            true => (json!(null), "no-store"),
            false => (json!(51), "private, max-age=30"),
        };
        slow += u32::from(heart.is_null());
        assert_eq!(
            reply.json(),
            json!({"steps": 10213, "heart": heart, "sleep": 411})
        );
        assert_eq!(reply.header("cache-control"), kept);
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
    // The service learns that nobody waits any more.
    services.wait_for_aborted(Service::Heart, 1).await;
}

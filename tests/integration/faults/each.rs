//! Each kind of fault, of one service, of two, and of all: which parts an answer lacks, and why, as
//! the client and the operator see it.

use std::collections::BTreeMap;
use std::time::Duration;

use downstream_mock::{Fault, Garbling, Service, Services};
use serde_json::{Value, json};
use tailor_harness::{Reply, TestHost};

use super::{DASHBOARD, WATCH, get, host};
use crate::observe::calls;

/// A part of an answer.
struct Part {
    name: &'static str,
    service: Service,
    /// Whether the host picks its values out of the service's answer. Otherwise the BFF reads the
    /// whole.
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
    part("history", Service::Activity, true),
    part("heart", Service::Heart, true),
    part("sleep", Service::Sleep, false),
    part("today", Service::Activity, false),
];

/// A fault, and how it shows: as an outcome in the metrics, and in a word to the client.
struct Case {
    fault: Fault,
    outcome: &'static str,
    why: &'static str,
    /// What differs when the BFF reads the answer, since the host passes on any text.
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

/// Both answers while all services are well.
async fn healthy(host: &TestHost) -> [Value; 2] {
    let (watch, dashboard) = tokio::join!(get(host, WATCH), get(host, DASHBOARD));
    for reply in [&watch, &dashboard] {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.header("cache-control").contains("max-age"));
        assert_eq!(reply.header("tailor-degraded"), "");
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

/// What the host says of these parts: the service of each call without a good answer, with what it
/// is short of. An answer that a BFF cannot read is good for the host, and so is a 4xx.
fn degraded(parts: &[Part], failing: &[Service], case: &Case) -> String {
    let mut lacking = BTreeMap::new();
    for part in parts.iter().filter(|part| failing.contains(&part.service)) {
        let (outcome, why) = case.shows(part.selected);
        let failed = match outcome {
            "2xx" | "4xx" => continue,
            "5xx" => why,
            kind => kind,
        };
        let member = format!("{};failed={failed}", part.service.name());
        *lacking.entry(member).or_insert(0) += 1;
    }
    let members = lacking.iter().map(|(member, count)| match count {
        1 => member.clone(),
        count => format!("{member};n={count}"),
    });
    members.collect::<Vec<String>>().join(", ")
}

/// Compares an answer with the healthy one: `null` for what is missing, and nothing else is
/// touched. With nothing left, the answer is a problem.
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

/// Sets each fault on these services, sends a request to both BFFs, and clears it.
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
        let answers = [
            (&watch, &whole[0], &WATCH_PARTS[..]),
            (&dashboard, &whole[1], &DASHBOARD_PARTS[..]),
        ];
        for (reply, whole, parts) in answers {
            check(reply, whole, parts, &missing(parts, failing, &case));
            let degraded = degraded(parts, failing, &case);
            assert_eq!(reply.header("tailor-degraded"), degraded, "{what}");
        }

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

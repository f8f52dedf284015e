//! Each fault as a caller meets it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpStream;

use super::client::{Http1, Http2, read_to_end, within};
use crate::fault::{Active, Effect};
use crate::{Fault, FaultKind, Garbling, Outcome, Service, Services, SetFaultError, answer};

const SERVICE: Service = Service::Heart;
const DAY: &str = "/users/ada/days/2026-01-15";

async fn started(fault: Fault) -> (Services, Http1) {
    let services = Services::start().unwrap();
    services.set_fault(SERVICE, fault).await.unwrap();
    let client = Http1::connect(&services, SERVICE).await;
    (services, client)
}

#[tokio::test]
async fn delay_holds_back_the_answer() {
    let delay = Duration::from_millis(60);
    let (services, mut client) = started(Fault::delay(delay)).await;
    let start = Instant::now();
    let reply = client.get(DAY).await;
    assert!(start.elapsed() >= delay);
    assert_eq!(reply.body.unwrap(), answer(SERVICE, DAY).body);
    services.clear_fault(SERVICE).await.unwrap();
    assert_eq!(services.fault(SERVICE), None);
}

#[tokio::test]
async fn a_heavy_tail_holds_back_a_share_of_the_answers() {
    let slow = Duration::from_millis(100);
    let fault = Fault::heavy_tail(slow, 25.0, 3);
    let mut sequence = Active::new(fault.clone());
    let (_services, mut client) = started(fault).await;
    let (mut late, mut quick) = (Vec::new(), Vec::new());
    for _ in 0..16 {
        let expected = sequence.next(DAY).0;
        let start = Instant::now();
        assert_eq!(client.get(DAY).await.status, StatusCode::OK);
        let group = if expected == Some(Effect::Wait(slow)) {
            &mut late
        } else {
            &mut quick
        };
        group.push(start.elapsed());
    }
    assert!(late.iter().min().unwrap() >= &slow, "{late:?}");
    assert!(quick.iter().min().unwrap() < &slow, "{quick:?}");
}

#[tokio::test]
async fn statuses_come_in_turn_and_then_normal_service() {
    let (services, mut client) = started(Fault::statuses([503, 429, 200, 302, 204])).await;
    let reply = client.get(DAY).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers[CONTENT_TYPE], "application/problem+json");
    let problem: Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    assert_eq!(problem["title"], "Service Unavailable");
    assert_eq!(client.get(DAY).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        client.get(DAY).await.body.unwrap(),
        answer(SERVICE, DAY).body
    );
    let reply = client.get(DAY).await;
    assert_eq!(
        (reply.status, &reply.headers[LOCATION]),
        (StatusCode::FOUND, &"/elsewhere".parse().unwrap())
    );
    let reply = client.get(DAY).await;
    assert_eq!(
        (reply.status, reply.body.unwrap().len()),
        (StatusCode::NO_CONTENT, 0)
    );
    assert_eq!(
        client.get(DAY).await.body.unwrap(),
        answer(SERVICE, DAY).body
    );
    assert_eq!(services.fault(SERVICE), None, "used up");
    assert_eq!(services.counts(SERVICE).aborted, 0);
}

#[tokio::test]
async fn a_fault_keeps_to_its_path_and_its_times() {
    let (services, mut client) = started(Fault::html().on_path("/users/ada").times(2)).await;
    assert_eq!(
        client.get("/users/grace/days/2026-01-15").await.headers[CONTENT_TYPE],
        "application/json"
    );
    assert_eq!(client.get(DAY).await.headers[CONTENT_TYPE], "text/html");
    assert!(services.fault(SERVICE).is_some());
    assert_eq!(client.get(DAY).await.headers[CONTENT_TYPE], "text/html");
    assert_eq!(
        client.get(DAY).await.headers[CONTENT_TYPE],
        "application/json"
    );
    assert_eq!(services.fault(SERVICE), None);
    let mut other = Http1::connect(&services, Service::Activity).await;
    assert_eq!(
        other.get(DAY).await.headers[CONTENT_TYPE],
        "application/json"
    );
}

#[tokio::test]
async fn refuse_closes_the_port_and_its_connections_until_it_is_cleared() {
    let services = Services::start().unwrap();
    let address = services.addr(SERVICE);
    for _ in 0..3 {
        let mut idle = Http1::connect(&services, SERVICE).await;
        assert_eq!(idle.get(DAY).await.status, StatusCode::OK);
        let mut idle2 = Http2::connect(&services, SERVICE).await;
        assert_eq!(idle2.get(DAY).await.status, StatusCode::OK);

        services.set_fault(SERVICE, Fault::refuse()).await.unwrap();
        assert_eq!(services.counts(SERVICE).connections_open, 0);
        within(idle.closed()).await;
        within(idle2.start(Method::GET, DAY, "")).await.unwrap_err();
        for _ in 0..3 {
            assert_eq!(
                TcpStream::connect(address).await.unwrap_err().kind(),
                ErrorKind::ConnectionRefused
            );
        }
        // Another fault ends the refusal as clearing does.
        services
            .set_fault(SERVICE, Fault::statuses([500]))
            .await
            .unwrap();
        let mut client = Http1::connect(&services, SERVICE).await;
        assert_eq!(
            client.get(DAY).await.status,
            StatusCode::INTERNAL_SERVER_ERROR
        );

        services.set_fault(SERVICE, Fault::refuse()).await.unwrap();
        services.clear_fault(SERVICE).await.unwrap();
        assert_eq!(
            Http1::connect(&services, SERVICE)
                .await
                .get(DAY)
                .await
                .status,
            StatusCode::OK
        );
    }
}

#[tokio::test]
async fn refuse_cuts_off_a_request_that_is_being_answered() {
    let (services, mut client) = started(Fault::hang()).await;
    let pending = tokio::spawn(client.start(Method::GET, DAY, ""));
    within(services.wait_for_requests(SERVICE, 1)).await;
    services.set_fault(SERVICE, Fault::refuse()).await.unwrap();
    within(pending).await.unwrap().unwrap_err();
    assert_eq!(
        services.requests(SERVICE)[0].outcome,
        Outcome::Cut,
        "its caller did not give up"
    );
    assert_eq!(services.counts(SERVICE).aborted, 0);
}

#[tokio::test]
async fn reset_announces_the_whole_body_and_breaks_off_in_its_middle() {
    let whole = answer(SERVICE, DAY).body;
    let services = Services::start().unwrap();
    for (fault, sent) in [
        (Fault::reset(), whole.len() / 2),
        (
            Fault::new(FaultKind::Reset {
                after_bytes: Some(100),
            }),
            100,
        ),
        (
            Fault::new(FaultKind::Reset {
                after_bytes: Some(0),
            }),
            0,
        ),
        (
            Fault::new(FaultKind::Reset {
                after_bytes: Some(1 << 40),
            }),
            whole.len() - 1,
        ),
    ] {
        services.set_fault(SERVICE, fault).await.unwrap();
        services.clear_requests(SERVICE);
        let (text, end) = read_to_end(&services, SERVICE, DAY).await;
        assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", whole.len())),
            "{head}"
        );
        assert_eq!(body.as_bytes(), &whole[..sent]);
        within(services.wait_until(SERVICE, |counts| counts.connections_open == 0)).await;
        assert_eq!(services.requests(SERVICE)[0].outcome, Outcome::Cut);
    }
    let mut two = Http2::connect(&services, SERVICE).await;
    assert!(two.get(DAY).await.body.is_err());
}

#[tokio::test]
async fn hang_never_answers_and_notices_when_the_caller_gives_up() {
    let (services, mut client) = started(Fault::hang()).await;
    let pending = tokio::spawn(client.start(Method::GET, DAY, ""));
    let requests = within(services.wait_for_requests(SERVICE, 1)).await;
    assert_eq!(requests[0].outcome, Outcome::Open);
    services.clear_fault(SERVICE).await.unwrap();
    assert_eq!(
        Http1::connect(&services, SERVICE)
            .await
            .get(DAY)
            .await
            .status,
        StatusCode::OK
    );
    assert!(
        !pending.is_finished(),
        "a request keeps the fault with which it began"
    );
    pending.abort();
    drop(client);
    let requests = within(services.wait_for_aborted(SERVICE, 1)).await;
    assert_eq!(requests[0].outcome, Outcome::Aborted);
    assert_eq!(requests[1].outcome, Outcome::Finished);
}

#[tokio::test]
async fn trickle_sends_small_chunks_with_pauses() {
    let target = "/users/ada";
    let whole = answer(Service::Profile, target).body;
    let services = Services::start().unwrap();
    let pause = Duration::from_millis(10);
    services
        .set_fault(Service::Profile, Fault::trickle(100, pause))
        .await
        .unwrap();
    let mut client = Http1::connect(&services, Service::Profile).await;
    let start = Instant::now();
    let response = within(client.start(Method::GET, target, "")).await.unwrap();
    assert_eq!(response.headers()[CONTENT_LENGTH], whole.len().to_string());
    let mut body = response.into_body();
    let mut received = Vec::new();
    while let Some(frame) = within(body.frame()).await {
        received.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    assert_eq!(received, whole);
    let pauses = u32::try_from(whole.len().div_ceil(100) - 1).unwrap();
    assert!(start.elapsed() >= pause * pauses, "{:?}", start.elapsed());
    assert_eq!(
        services.requests(Service::Profile)[0].outcome,
        Outcome::Finished
    );
}

#[tokio::test]
async fn a_caller_who_leaves_in_mid_body_is_noticed() {
    let (services, mut client) = started(Fault::trickle(1, Duration::from_millis(5))).await;
    let response = within(client.start(Method::GET, DAY, "")).await.unwrap();
    drop((response, client));
    within(services.wait_for_aborted(SERVICE, 1)).await;

    services
        .set_fault(SERVICE, Fault::oversize(1 << 34))
        .await
        .unwrap();
    let mut client = Http1::connect(&services, SERVICE).await;
    let response = within(client.start(Method::GET, DAY, "")).await.unwrap();
    drop((response, client));
    within(services.wait_for_aborted(SERVICE, 2)).await;
}

#[tokio::test]
async fn a_wrong_content_type_comes_with_a_body_to_match() {
    let (services, mut client) = started(Fault::html()).await;
    let reply = client.get("/users/bob/days/2026-01-15").await;
    assert_eq!(
        reply.status,
        StatusCode::OK,
        "the page of a proxy, whatever was asked"
    );
    assert_eq!(reply.headers[CONTENT_TYPE], "text/html");
    assert!(reply.body.unwrap().starts_with(b"<!doctype html>"));
    let kind = FaultKind::ContentType {
        content_type: "text/plain".to_owned(),
        body: "gone fishing".to_owned(),
    };
    services.set_fault(SERVICE, Fault::new(kind)).await.unwrap();
    let reply = client.get(DAY).await;
    assert_eq!(reply.headers[CONTENT_TYPE], "text/plain");
    assert_eq!(reply.body.unwrap(), "gone fishing");
}

#[tokio::test]
async fn oversize_is_valid_json_of_the_very_length() {
    let services = Services::start().unwrap();
    let whole = answer(SERVICE, DAY).body;
    let mut one = Http1::connect(&services, SERVICE).await;
    let mut two = Http2::connect(&services, SERVICE).await;
    for bytes in [16, whole.len(), whole.len() + 14, 1_000_000] {
        services
            .set_fault(SERVICE, Fault::oversize(bytes as u64))
            .await
            .unwrap();
        for reply in [one.get(DAY).await, two.get(DAY).await] {
            assert_eq!(reply.headers[CONTENT_LENGTH], bytes.to_string());
            let body = reply.body.unwrap();
            assert_eq!(body.len(), bytes);
            let json: Value = serde_json::from_slice(&body).unwrap();
            assert!(json["filler"].is_string());
            assert_eq!(
                json["user"] == "ada",
                bytes > whole.len(),
                "the normal answer is in it where there is room"
            );
        }
    }
}

#[tokio::test]
async fn invalid_json_says_that_it_is_json_and_is_not() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, SERVICE).await;
    for garbling in [Garbling::Truncated, Garbling::Garbage] {
        services
            .set_fault(SERVICE, Fault::invalid_json(garbling))
            .await
            .unwrap();
        let reply = client.get(DAY).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
        let body = reply.body.unwrap();
        assert!(!body.is_empty());
        serde_json::from_slice::<Value>(&body).unwrap_err();
    }
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_not_set() {
    let services = Services::start().unwrap();
    let error = services
        .set_fault(SERVICE, Fault::statuses([]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SetFaultError::Invalid(invalid) if invalid.field == "statuses"),
        "{error}"
    );
    assert_eq!(services.fault(SERVICE), None);
}

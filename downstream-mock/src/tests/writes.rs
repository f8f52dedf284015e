//! Workouts: what callers write, once for each key, and what faults do to it.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Http1, Reply};
use crate::{Fault, Service, Services};

const WORKOUTS: &str = "/users/ada/workouts";
const RUN: &str = r#"{"date":"2026-01-15","start":"07:30","kind":"run","minutes":30}"#;
const SWIM: &str = r#"{"date":"2026-01-15","start":"18:00","kind":"swim","minutes":45}"#;

async fn started() -> (Services, Http1) {
    let services = Services::start().unwrap();
    let client = Http1::connect(&services, Service::Activity).await;
    (services, client)
}

async fn post(client: &mut Http1, key: Option<&str>, body: &'static str) -> Reply {
    let mut fields = vec![("content-type", "application/json")];
    fields.extend(key.map(|key| ("idempotency-key", key)));
    client
        .send_with(Method::POST, WORKOUTS, &fields, body)
        .await
}

fn document(reply: Reply) -> Value {
    serde_json::from_slice(&reply.body.unwrap()).unwrap()
}

/// How many workouts there are.
async fn count(client: &mut Http1) -> usize {
    let list = document(client.get(WORKOUTS).await);
    list["workouts"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_workout_is_made_read_changed_and_deleted() {
    let (_services, mut client) = started().await;
    assert_eq!(count(&mut client).await, 0);
    let made = post(&mut client, None, RUN).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.headers["location"], "/users/ada/workouts/w1");
    assert_eq!(made.headers["etag"], "\"1\"");
    let expected = json!({"id": "w1", "date": "2026-01-15", "start": "07:30",
        "kind": "run", "minutes": 30});
    assert_eq!(document(made), expected);

    let one = "/users/ada/workouts/w1";
    assert_eq!(document(client.get(one).await), expected);
    assert_eq!(count(&mut client).await, 1);
    assert_eq!(client.get("/users/grace/workouts/w1").await.status, 404);

    let put = |tag| [("content-type", "application/json"), ("if-match", tag)];
    let changed = client
        .send_with(Method::PUT, one, &put("\"1\""), SWIM)
        .await;
    assert_eq!(
        (changed.status, &changed.headers["etag"]),
        (StatusCode::OK, &"\"2\"".parse().unwrap())
    );
    let late = client.send_with(Method::PUT, one, &put("\"1\""), RUN).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let gone = client.send(Method::DELETE, one, "").await;
    assert_eq!(
        (gone.status, gone.body.unwrap().len()),
        (StatusCode::NO_CONTENT, 0)
    );
    let again = client.send(Method::DELETE, one, "").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_key_makes_a_post_happen_once() {
    let (_services, mut client) = started().await;
    let first = post(&mut client, Some("k-1"), RUN).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let again = post(&mut client, Some("k-1"), RUN).await;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(document(first), document(again));
    assert_eq!(count(&mut client).await, 1);

    // Another piece of work needs another key, and without a key nothing is known of the first.
    let other = post(&mut client, Some("k-1"), SWIM).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(document(other)["field"], "idempotency-key");
    let second = post(&mut client, None, RUN).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert_eq!(
        document(second)["detail"],
        "workout `w1` begins at 2026-01-15 07:30, too"
    );
    let long = "k".repeat(65);
    assert_eq!(post(&mut client, Some(&long), SWIM).await.status, 400);
}

#[tokio::test]
async fn what_is_wrong_with_a_workout_is_named() {
    let (services, mut client) = started().await;
    for (body, status, field) in [
        ("{", 400, "body"),
        (r#"{"date":"2026-01-15"}"#, 400, "body"),
        (
            r#"{"date":"2026-02-30","start":"07:30","kind":"run","minutes":30}"#,
            422,
            "date",
        ),
        (
            r#"{"date":"2026-01-15","start":"24:00","kind":"run","minutes":30}"#,
            422,
            "start",
        ),
        (
            r#"{"date":"2026-01-15","start":"07:30","kind":"run","minutes":0}"#,
            422,
            "minutes",
        ),
    ] {
        let reply = post(&mut client, None, body).await;
        assert_eq!(reply.status, status, "{body}");
        assert_eq!(document(reply)["field"], field, "{body}");
    }
    let text = client.send(Method::POST, WORKOUTS, RUN).await;
    assert_eq!(text.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let patch = client.send(Method::PATCH, WORKOUTS, "").await;
    assert_eq!(patch.headers["allow"], "GET, HEAD, POST");
    assert_eq!(client.get("/users/bob/workouts").await.status, 404);
    let mut heart = Http1::connect(&services, Service::Heart).await;
    assert_eq!(heart.get(WORKOUTS).await.status, 404);
}

#[tokio::test]
async fn a_fault_fails_a_write_before_or_after_it_is_done() {
    let (services, mut client) = started().await;
    let unavailable = Fault::statuses([503]).on_path(WORKOUTS);
    let set = |fault| services.set_fault(Service::Activity, fault);

    set(unavailable.clone()).await.unwrap();
    assert_eq!(post(&mut client, Some("k"), RUN).await.status, 503);
    assert_eq!(count(&mut client).await, 0);

    set(unavailable.after_write()).await.unwrap();
    assert_eq!(post(&mut client, Some("k"), RUN).await.status, 503);
    assert_eq!(count(&mut client).await, 1);
    let again = post(&mut client, Some("k"), RUN).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");

    // What shapes the answer acts on one that there is.
    set(Fault::reset().times(1)).await.unwrap();
    let mut other = Http1::connect(&services, Service::Activity).await;
    assert!(post(&mut other, None, SWIM).await.body.is_err());
    assert_eq!(count(&mut client).await, 2);
    let error = Fault::reset().after_write().check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "after_write: goes with delay, heavy-tail, statuses and hang only"
    );
}

#[tokio::test]
async fn a_slow_write_is_done_late_or_answered_late() {
    for (fault, done) in [
        (Fault::hang(), 0),
        (Fault::hang().after_write(), 1),
        (Fault::delay(Duration::from_secs(3600)), 0),
        (Fault::delay(Duration::from_secs(3600)).after_write(), 1),
    ] {
        let (services, mut client) = started().await;
        let fault = fault.on_path(WORKOUTS).times(1);
        services.set_fault(Service::Activity, fault).await.unwrap();
        let fields = [("content-type", "application/json")];
        let hung = client.start_with(Method::POST, WORKOUTS, &fields, RUN);
        let hung = tokio::spawn(hung);
        // The fault is used up as soon as it acts on the request.
        services.wait_for_requests(Service::Activity, 1).await;
        while services.fault(Service::Activity).is_some() {
            tokio::task::yield_now().await;
        }
        let mut other = Http1::connect(&services, Service::Activity).await;
        assert_eq!(count(&mut other).await, done);
        hung.abort();
    }
}

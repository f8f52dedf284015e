//! Requests that change something, through the whole: the example BFFs, the host's policy, a service
//! that takes writes and its faults.

use downstream_mock::{Fault, Service, Services};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tailor::contract::{self, Payload};
use tailor::fixture::Fixture;

use tailor_harness::{Offline, Reply, TestHost, components, reply};

const WORKOUT: &str = r#"{"date":"2026-01-15","start":"07:30","kind":"run","minutes":30}"#;
const BFFS: &str = r#"
[bff.dashboard]
component = "dashboard.wasm"
downstreams = ["activity", "goals", "heart", "profile", "sleep"]
[bff.partner]
component = "partner.wasm"
downstreams = ["activity", "heart", "sleep"]
[[route]]
bff = "dashboard"
path = "/dashboard"
methods = ["GET", "POST"]
[[route]]
bff = "partner"
path = "/partner"
methods = ["GET", "POST"]
[[route]]
bff = "partner"
path = "/read-only"
"#;

/// Where each BFF takes a workout.
const PATHS: [&str; 2] = ["/dashboard/ada/workouts", "/partner/v1/users/ada/workouts"];

async fn host(services: &Services, settings: &str) -> TestHost {
    let builder = TestHost::builder().unwrap();
    let builder = builder.example("dashboard").unwrap();
    let builder = builder.example("partner").unwrap();
    builder
        .services(services, settings)
        .config(BFFS)
        .start()
        .await
        .unwrap()
}

async fn post(host: &TestHost, path: &str, key: &str, body: &str) -> Reply {
    let request = host
        .request("POST", path)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    let request = request.body(body.to_owned().into()).unwrap();
    host.send(request).await.unwrap()
}

/// How many POSTs the service got, and how many workouts the user has.
async fn done(host: &TestHost, services: &Services) -> (usize, usize) {
    let requests = services.requests(Service::Activity);
    let posts = requests.iter().filter(|it| it.method == Method::POST);
    let url = format!("{}/users/ada/workouts", services.url(Service::Activity));
    let request = http::Request::get(url).body("".into()).unwrap();
    let list = host.send(request).await.unwrap().json();
    (posts.count(), list["workouts"].as_array().unwrap().len())
}

#[tokio::test]
async fn a_workout_is_logged_once_for_each_key_and_refused_in_the_services_words() {
    for path in PATHS {
        let services = Services::start().unwrap();
        let host = host(&services, "").await;
        for _ in 0..2 {
            let logged = post(&host, path, "k-1", WORKOUT).await;
            assert_eq!(logged.status, StatusCode::CREATED, "{}", logged.text());
            let mut expected: Value = serde_json::from_str(WORKOUT).unwrap();
            expected["id"] = json!("w1");
            assert_eq!(logged.json(), expected);
        }
        assert_eq!(done(&host, &services).await, (2, 1), "{path}");

        let second = post(&host, path, "k-2", WORKOUT).await;
        assert_eq!(second.status, StatusCode::CONFLICT);
        assert_eq!(second.header("content-type"), "application/problem+json");
        assert_eq!(
            second.json()["detail"],
            "workout `w1` begins at 2026-01-15 07:30, too"
        );
        let long = WORKOUT.replace("30}", "3000}");
        let long = post(&host, path, "k-3", &long).await;
        assert_eq!(
            (long.status.as_u16(), &long.json()["field"]),
            (422, &json!("minutes"))
        );
    }
}

#[tokio::test]
async fn a_write_is_repeated_by_the_client_or_where_the_operator_says_so() {
    for (settings, first, posts) in [
        ("", StatusCode::SERVICE_UNAVAILABLE, 1),
        (
            "[[rule]]\ncall = \"POST /users/*/workouts\"\nretry = { methods = [\"POST\"] }",
            StatusCode::CREATED,
            2,
        ),
    ] {
        for path in PATHS {
            let services = Services::start().unwrap();
            let host = host(&services, settings).await;
            // The work is done, and the answer says otherwise.
            let fault = Fault::statuses([503]).on_path("/users/ada/workouts");
            let fault = fault.after_write();
            services.set_fault(Service::Activity, fault).await.unwrap();
            let logged = post(&host, path, "k-1", WORKOUT).await;
            assert_eq!(logged.status, first, "{path}: {}", logged.text());
            assert_eq!(done(&host, &services).await, (posts, 1), "{path}");
            let again = post(&host, path, "k-1", WORKOUT).await;
            assert_eq!(again.status, StatusCode::CREATED, "{path}");
            assert_eq!(done(&host, &services).await, (posts + 1, 1), "{path}");
        }
    }
}

#[tokio::test]
async fn a_write_that_fails_before_it_is_done_is_not_done() {
    let services = Services::start().unwrap();
    let host = host(&services, "").await;
    let fault = Fault::statuses([500]).on_path("/users/ada/workouts");
    services.set_fault(Service::Activity, fault).await.unwrap();
    let logged = post(&host, PATHS[0], "k-1", WORKOUT).await;
    assert_eq!(logged.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        logged.json()["detail"],
        "no answer of the service: status-500"
    );
    assert_eq!(done(&host, &services).await, (1, 0));
    // Without the method in the route, no POST reaches a BFF.
    let refused = post(&host, "/read-only/v1/users/ada/workouts", "k", WORKOUT).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.header("tailor-error"), "method-not-allowed");
}

/// Fields that a service may send, with what must not reach the client of them.
const FIELDS: &[(&str, bool)] = &[
    ("content-type", true),
    ("etag", true),
    ("retry-after", true),
    ("x-mine", true),
    ("vary", true),
    ("content-disposition", true),
    ("connection", false),
    ("content-length", false),
    ("date", false),
    ("expect", false),
    ("forwarded", false),
    ("host", false),
    ("http2-settings", false),
    ("keep-alive", false),
    ("proxy-authenticate", false),
    ("proxy-status", false),
    ("proxy-connection", false),
    ("server", false),
    ("tailor-error", false),
    ("te", false),
    ("traceparent", false),
    ("tracestate", false),
    ("trailer", false),
    ("transfer-encoding", false),
    ("upgrade", false),
    ("x-real-ip", false),
    ("x-request-id", false),
    ("x-forwarded-for", false),
    ("x-forwarded_host", false),
    ("x_forwarded_for", false),
    ("content_length", false),
    ("transfer_encoding", false),
    ("tailor.x", false),
    ("x-accel-redirect", false),
    ("x-sendfile", false),
    ("x-lighttpd-send-file", false),
    ("x-reproxy-url", false),
];

fn workout(path: &str) -> contract::Request {
    let text = json!({"request": {"method": "POST", "path": path,
        "headers": {"idempotency-key": "k"}, "body": {"date": "2026-01-15", "start": "07:30",
        "kind": "run", "minutes": 30}}});
    let fixture = Fixture::parse(&text.to_string(), "workout.json").unwrap();
    let request = fixture.request().unwrap();
    assert!(matches!(request.body, Payload::Text(_)));
    request
}

#[tokio::test]
async fn a_reply_is_handed_back_whatever_its_fields_are() {
    for (bff, path) in [
        ("dashboard", "/ada/workouts"),
        ("partner", "/v1/users/ada/workouts"),
    ] {
        let offline = Offline::from_file(&components::example(bff).unwrap()).unwrap();
        let offline = offline.service("activity", |_| async {
            let mut answer = reply(StatusCode::CONFLICT, "{\"detail\": \"t\u{fc}\"}");
            for (name, _) in FIELDS {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                answer.headers.append(name, HeaderValue::from_static("1"));
            }
            let accents = HeaderValue::from_bytes("Zo\u{eb}".as_bytes()).unwrap();
            answer.headers.append("x-mine", accents);
            Ok(answer)
        });
        let answer = offline.ask(workout(path)).await.result.unwrap();
        assert_eq!(answer.status, StatusCode::CONFLICT, "{bff}");
        assert_eq!(answer.body, "{\"detail\": \"t\u{fc}\"}".as_bytes());
        for (name, kept) in FIELDS {
            assert_eq!(answer.headers.contains_key(*name), *kept, "{bff}: {name}");
        }
        let mine: Vec<&[u8]> = answer
            .headers
            .get_all("x-mine")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        assert_eq!(mine, [b"1", "Zo\u{eb}".as_bytes()], "{bff}");
    }
}

#[tokio::test]
async fn a_reply_without_a_type_or_with_very_many_fields_is_handed_back() {
    for (bff, path) in [
        ("dashboard", "/ada/workouts"),
        ("partner", "/v1/users/ada/workouts"),
    ] {
        let offline = Offline::from_file(&components::example(bff).unwrap()).unwrap();
        let offline = offline.service("activity", |_| async {
            let mut answer = reply(StatusCode::CONFLICT, "t\u{fc}");
            for _ in 0..40 {
                let long = HeaderValue::try_from("v".repeat(1000)).unwrap();
                answer.headers.append("x-long", long);
            }
            Ok(answer)
        });
        let answer = offline.ask(workout(path)).await.result.unwrap();
        assert_eq!(answer.status, StatusCode::CONFLICT, "{bff}");
        assert_eq!(answer.body, "t\u{fc}".as_bytes());
        assert!(!answer.headers.contains_key("content-type"), "{bff}");
        assert_eq!(answer.headers.len(), 32, "{bff}");
    }
}

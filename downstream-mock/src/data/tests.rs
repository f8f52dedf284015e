mod figures;

use std::ops::RangeInclusive;

use http::{Method, StatusCode};
use serde_json::Value;

use super::day::Day;
use super::route::route;
use crate::service::Service;

const USERS: [&str; 4] = ["ada", "grace", "linus", "margaret"];
/// A week and two days, a leap day and both ends of what is served.
const DATES: [&str; 12] = [
    "2020-01-01",
    "2024-02-29",
    "2026-01-10",
    "2026-01-11",
    "2026-01-12",
    "2026-01-13",
    "2026-01-14",
    "2026-01-15",
    "2026-01-16",
    "2026-01-17",
    "2026-07-01",
    "2035-12-31",
];

fn bytes(service: Service, target: &str) -> Vec<u8> {
    route(service, &Method::GET, target).unwrap()
}

fn get(service: Service, target: &str) -> Value {
    serde_json::from_slice(&bytes(service, target)).unwrap()
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// Minutes since 1970 of a time such as `2026-01-15T06:42:00Z`.
fn minute_of(time: &Value) -> i64 {
    let text = time.as_str().unwrap();
    assert_eq!((text.len(), &text[16..]), (20, ":00Z"), "{text}");
    let day = i64::from(Day::parse(&text[..10]).unwrap().number());
    day * 1440 + text[11..13].parse::<i64>().unwrap() * 60 + text[14..16].parse::<i64>().unwrap()
}

fn each_day(mut check: impl FnMut(&str, &str)) {
    for user in USERS {
        for date in DATES {
            check(user, date);
        }
    }
}

#[test]
fn the_same_question_has_the_same_answer_in_every_run() {
    // Written down once: a change of the data would break what others have noted from earlier runs.
    let mut fingerprint = 0;
    each_day(|user, date| {
        for (service, target) in [
            (Service::Activity, format!("/users/{user}/days/{date}")),
            (Service::Heart, format!("/users/{user}/days/{date}")),
            (Service::Sleep, format!("/users/{user}/nights/{date}")),
            (Service::Goals, format!("/users/{user}/goals?date={date}")),
            (Service::Profile, format!("/users/{user}")),
        ] {
            for byte in bytes(service, &target) {
                fingerprint = super::scramble(fingerprint ^ u64::from(byte));
            }
        }
    });
    assert_eq!(
        fingerprint, 9_621_604_868_417_743_047,
        "if the change is meant, note the new fingerprint here"
    );

    let of = |user: &str, date: &str| {
        get(Service::Activity, &format!("/users/{user}/days/{date}"))["steps"].clone()
    };
    assert_ne!(of("ada", "2026-01-15"), of("ada", "2026-01-16"));
    assert_ne!(of("ada", "2026-01-15"), of("grace", "2026-01-15"));
}

#[test]
fn answers_have_the_sizes_of_the_real_thing() {
    each_day(|user, date| {
        let size = |service, target: String, expected: RangeInclusive<usize>| {
            let size = bytes(service, &target).len();
            assert!(expected.contains(&size), "{service} {target}: {size} bytes");
        };
        size(
            Service::Activity,
            format!("/users/{user}/days/{date}"),
            200..=600,
        );
        size(
            Service::Heart,
            format!("/users/{user}/days/{date}"),
            10_000..=12_288,
        );
        size(
            Service::Sleep,
            format!("/users/{user}/nights/{date}"),
            1_900..=4_096,
        );
        size(
            Service::Goals,
            format!("/users/{user}/goals?date={date}"),
            450..=700,
        );
        size(Service::Profile, format!("/users/{user}"), 300..=500);
    });
    let ninety = bytes(
        Service::Activity,
        "/users/ada/days?from=2025-10-18&to=2026-01-15",
    );
    assert!((8_000..12_000).contains(&ninety.len()), "{}", ninety.len());
}

#[test]
fn a_range_says_the_same_as_its_days() {
    let query = "from=2026-01-10&to=2026-01-17";
    for user in USERS {
        for (service, list, one) in [
            (Service::Activity, "days", "days"),
            (Service::Heart, "days", "days"),
            (Service::Sleep, "nights", "nights"),
        ] {
            let range = get(service, &format!("/users/{user}/{list}?{query}"));
            assert_eq!(
                (&range["from"], &range["to"]),
                (&"2026-01-10".into(), &"2026-01-17".into())
            );
            let days = range[list].as_array().unwrap();
            assert_eq!(days.len(), 8);
            for day in days {
                let date = day["date"].as_str().unwrap();
                let whole = get(service, &format!("/users/{user}/{one}/{date}"));
                for (key, value) in day.as_object().unwrap() {
                    assert_eq!(&whole[key], value, "{service} {date} {key}");
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_request_is_said_in_a_problem() {
    use Service::{Activity, Goals, Heart, Profile, Sleep};
    let (bad, missing) = (StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND);
    let cases = [
        (Profile, "/users/bob", missing, None, "no user `bob`"),
        (
            Activity,
            "/users/bob/days/2026-01-15",
            missing,
            None,
            "no user `bob`",
        ),
        (Activity, "/", missing, None, "activity has no resource `/`"),
        (
            Activity,
            "/users/ada/nights/2026-01-15",
            missing,
            None,
            "has no resource",
        ),
        (
            Sleep,
            "/users/ada/nights/2026-01-15/",
            missing,
            None,
            "has no resource",
        ),
        (
            Activity,
            "/users/ada/days/2026-02-30",
            bad,
            Some("date"),
            "`2026-02-30` is not a date",
        ),
        (
            Heart,
            "/users/ada/days/2019-12-31",
            missing,
            None,
            "no data for 2019-12-31",
        ),
        (
            Sleep,
            "/users/ada/nights/2036-01-01",
            missing,
            None,
            "no data for 2036-01-01",
        ),
        (
            Heart,
            "/users/ada/days",
            bad,
            Some("from"),
            "from: the query parameter is missing",
        ),
        (
            Heart,
            "/users/ada/days?from=2026-01-01",
            bad,
            Some("to"),
            "to: the query parameter is missing",
        ),
        (
            Heart,
            "/users/ada/days?from=2026-01-02&to=2026-01-01",
            bad,
            Some("from"),
            "is after",
        ),
        (
            Heart,
            "/users/ada/days?from=2026-01-01&to=2026-05-01",
            bad,
            Some("to"),
            "is 121 days",
        ),
        (
            Heart,
            "/users/ada/days?from=2035-12-30&to=2036-01-01",
            missing,
            None,
            "no data for 2036-01-01",
        ),
        (
            Goals,
            "/users/ada/goals",
            bad,
            Some("date"),
            "date: the query parameter is missing",
        ),
        (
            Goals,
            "/users/ada/goals?date=today",
            bad,
            Some("date"),
            "`today` is not a date",
        ),
    ];
    for (service, target, status, field, detail) in cases {
        let problem = route(service, &Method::GET, target).unwrap_err();
        let document: Value = serde_json::from_slice(&problem.to_json()).unwrap();
        assert_eq!(document["status"], status.as_u16(), "{target}");
        assert_eq!(document["title"], status.canonical_reason().unwrap());
        assert_eq!(document["type"], "about:blank");
        assert_eq!(document["field"].as_str(), field, "{target}");
        assert!(
            document["detail"].as_str().unwrap().contains(detail),
            "{target}: {document}"
        );
    }
    let whole = get(
        Service::Heart,
        "/users/%61da/days?to=2026-04-30&x=1&from=2026%2d01-01",
    );
    assert_eq!(whole["days"].as_array().unwrap().len(), 120);

    let problem = route(Service::Profile, &Method::POST, "/users/ada").unwrap_err();
    assert_eq!(
        (problem.status, problem.allow),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
    );
    let problem = route(Service::Profile, &Method::POST, "/elsewhere").unwrap_err();
    assert_eq!(problem.status, StatusCode::NOT_FOUND);
}

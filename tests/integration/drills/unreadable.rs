//! Answers that a BFF cannot read, or that may not be whole: what takes their place, and that they
//! are not kept.

use downstream_mock::scripted::{Response, ScriptedService};

use super::kept::expect;
use super::*;

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_kept_however_long_it_says() {
    let activity = ScriptedService::start(|request| {
        let body = match request.number {
            1 => "{\"steps\": 84",
            _ => "{\"steps\": 8423}",
        };
        Response::text(body).header("cache-control", "max-age=600")
    })
    .unwrap();
    let nothing = ScriptedService::start(|_| Response::new(404)).unwrap();
    let setup = ["heart", "sleep"].into_iter().fold(
        Setup::new().service("activity", &activity.url(), ""),
        |setup, name| setup.service(name, &nothing.url(), ""),
    );
    let host = setup
        .example("watch", &["activity", "heart", "sleep"])
        .start()
        .await;
    let path = "/watch/ada?date=2026-01-15";
    let reply = get(&host, path).await;
    assert_eq!(degraded(&reply), "activity;failed=malformed", "{reply:?}");
    for _ in 0..2 {
        let reply = get(&host, path).await;
        assert_eq!(degraded(&reply), "", "{reply:?}");
        assert!(reply.text().contains("8423"), "{reply:?}");
    }
    assert_eq!(activity.count(), 2);
}

/// A host with the BFF `watch`, which picks values out of the answers of this service, and a relay
/// that does not. Also the service that has nothing of all else that `watch` asks for.
async fn picking(activity: &ScriptedService, settings: &str) -> (TestHost, ScriptedService) {
    let nothing = ScriptedService::start(|_| Response::new(404)).unwrap();
    let setup = Setup::new()
        .service("activity", &activity.url(), settings)
        .relay("r", "");
    let setup = ["heart", "sleep"]
        .into_iter()
        .fold(setup, |setup, name| setup.service(name, &nothing.url(), ""));
    let setup = setup.example("watch", &["activity", "heart", "sleep"]);
    (setup.start().await, nothing)
}

const WATCH: &str = "/watch/ada?date=2026-01-15";
/// What `watch` asks for.
const DAYS: &str = "/r/activity/users/ada/days/2026-01-15";

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_one_before_it() {
    let activity = ScriptedService::start(|request| match request.number {
        1 => Response::json("{\"steps\": 8423}")
            .header("cache-control", "max-age=0, stale-if-error=600"),
        // A page of something between host and service.
        _ => Response::text("<html>log in</html>").headers(&[
            ("content-type", "text/html"),
            ("cache-control", "max-age=600"),
        ]),
    });
    let activity = activity.unwrap();
    let (host, _nothing) = picking(&activity, "").await;
    assert_eq!(degraded(&get(&host, WATCH).await), "");
    for asked in 2..4 {
        let reply = get(&host, WATCH).await;
        assert!(
            degraded(&reply).starts_with("activity;stale;age="),
            "{reply:?}"
        );
        assert!(reply.text().contains("8423"), "{reply:?}");
        assert_eq!(activity.count(), asked);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_replaced_by_what_the_operator_declared() {
    let activity = ScriptedService::start(|_| Response::json("{\"steps\": 84"));
    let activity = activity.unwrap();
    let declared = "[[default]]\ncall = \"GET /users/**\"\nbody = '{\"steps\": 7}'";
    let (host, _nothing) = picking(&activity, declared).await;
    let reply = get(&host, WATCH).await;
    assert_eq!(degraded(&reply), "activity;fallback", "{reply:?}");
    assert!(reply.text().contains('7'), "{reply:?}");
}

#[tokio::test]
async fn what_one_bff_cannot_read_stays_for_others_unless_it_is_broken() {
    for (content_type, body, stays) in [
        ("text/csv", "steps,8423", true),
        ("application/json", "{\"steps\": 84", false),
    ] {
        let activity = ScriptedService::start(move |_| {
            let fields = [
                ("content-type", content_type),
                ("cache-control", "max-age=600"),
            ];
            Response::text(body).headers(&fields)
        });
        let activity = activity.unwrap();
        let (host, _nothing) = picking(&activity, "").await;
        get(&host, DAYS).await;
        assert_eq!(activity.count(), 1);
        let reply = get(&host, WATCH).await;
        assert_eq!(degraded(&reply), "activity;failed=malformed", "{reply:?}");
        assert_eq!(activity.count(), 1, "{content_type}");
        get(&host, DAYS).await;
        assert_eq!(
            activity.count(),
            if stays { 1 } else { 2 },
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_a_known_end_is_not_kept() {
    let site = ScriptedService::start(|request| {
        let answer = Response::text(request.number.to_string());
        let answer = answer.header("cache-control", "max-age=600");
        match request.path() {
            "/closed" => answer.until_close(),
            "/chunked" => answer.chunked(),
            _ => answer,
        }
    });
    let site = site.unwrap();
    let host = Setup::new()
        .service("svc", &site.url(), "")
        .relay("r", "")
        .start()
        .await;
    for (path, bodies) in [
        ("closed", ["1", "2"]),
        ("chunked", ["3", "3"]),
        ("whole", ["4", "4"]),
    ] {
        for body in bodies {
            expect(&host, &format!("/r/svc/{path}"), body).await;
        }
    }
}

//! A reload that takes away what a live release calls is refused, with the release's name.

use tailor_harness::TestHost;

use super::api::Api;
use crate::downstream::relay::{relay, silent};

const FIXTURE: &str = r#"{"request":{"path":"/probe"},
    "downstreams":[{"service":"smoke","path":"/probe","reply":{"status":200}}]}"#;

/// A BFF with these lines of settings, and services of these names.
async fn start(settings: &str, services: &[&str]) -> (TestHost, Api) {
    let bff = format!(
        "[bff.page]\nreleases = true\n{settings}\n[bff.page.smoke]\npath = \"/probe\"\n\
         fixture = \"smoke.json\"\n[[route]]\nbff = \"page\"\n"
    );
    let mut host = TestHost::builder().unwrap().config(&bff);
    host = host.file("smoke.json", FIXTURE.as_bytes()).unwrap();
    for service in services {
        host = host.service_at(service, &["http://127.0.0.1:9".to_owned()]);
    }
    let host = host.start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

fn rewrite(host: &TestHost, from: &str, to: &str) {
    let path = host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

/// Reloads, which is refused for what the live release calls.
async fn is_refused(host: &TestHost, version: &str) {
    let refused = host.host().reload().await.unwrap_err().to_string();
    let start = format!("bff.page: its live release {version} calls GET smoke, which the new file");
    assert!(refused.starts_with(&start), "{refused}");
}

/// A component that calls GET of the service `smoke`: in a smoke request, the client's name.
fn calling() -> Vec<u8> {
    relay("v1", None)
}

#[tokio::test]
async fn a_reload_takes_no_service_away_that_the_live_release_calls() {
    let (host, api) = start("downstreams = [\"other\", \"smoke\"]", &["other", "smoke"]).await;
    let live = api.release(&calling()).await;
    assert_eq!(live["state"], "live", "{live}");
    let version = live["digest"].as_str().unwrap()[..12].to_owned();
    let of_bff = "downstreams = [\"other\", \"smoke\"]";
    rewrite(
        &host,
        of_bff,
        "downstreams = [\"other\"]\nlimits.log-lines = 7",
    );
    is_refused(&host, &version).await;
    // Nothing else of the file is taken, and the live release goes on.
    let settings = host.host().changes().shared().snapshot.load_full();
    let settings = settings.bffs["page"].settings();
    assert_eq!(settings.downstreams, ["other", "smoke"]);
    // What it does not call may go.
    rewrite(
        &host,
        "downstreams = [\"other\"]",
        "downstreams = [\"smoke\"]",
    );
    host.host().reload().await.unwrap();
    // So may the other one, once a release is live that does without it.
    rewrite(
        &host,
        "downstreams = [\"smoke\"]",
        "downstreams = [\"other\"]",
    );
    is_refused(&host, &version).await;
    let quiet = api.release(&silent("v2")).await;
    assert_eq!(quiet["state"], "live", "{quiet}");
    host.host().reload().await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_reload_takes_no_method_away_that_the_live_release_calls() {
    let (host, api) = start("downstreams = [\"smoke\"]", &["smoke"]).await;
    let live = api.release(&calling()).await;
    assert_eq!(live["state"], "live", "{live}");
    let version = live["digest"].as_str().unwrap()[..12].to_owned();
    let (granted, line) = ("downstreams = [\"smoke\"]", "allow.smoke = ");
    rewrite(&host, granted, &format!("{granted}\n{line}[\"POST /**\"]"));
    is_refused(&host, &version).await;
    // A list that still has the method is taken.
    rewrite(&host, "[\"POST /**\"]", "[\"POST /**\", \"GET /probe\"]");
    host.host().reload().await.unwrap();
    // The list of the service is one for all BFFs.
    let service = "[downstream.smoke]";
    rewrite(&host, service, &format!("{service}\nallow = [\"PUT /**\"]"));
    is_refused(&host, &version).await;
    // A start takes the file as it is: no host stays away for that.
    let host = host.restart().await.unwrap();
    let live = Api::of(&host).get("/v1/bffs/page").await;
    assert_eq!(live.json["live"]["digest"].as_str().unwrap()[..12], version);
    host.stop().await;
}

#[tokio::test]
async fn a_reload_is_not_kept_from_what_no_live_release_calls() {
    let both = "downstreams = [\"other\", \"smoke\"]";
    let (host, api) = start(both, &["other", "smoke"]).await;
    // Nothing is live.
    rewrite(&host, both, "downstreams = [\"other\"]");
    host.host().reload().await.unwrap();
    rewrite(&host, "downstreams = [\"other\"]", both);
    host.host().reload().await.unwrap();
    api.release(&calling()).await;
    // The BFF itself goes.
    let bff = "[bff.page]\nreleases = true";
    let other = "[bff.other]\nreleases = true";
    rewrite(&host, bff, other);
    rewrite(&host, "[bff.page.smoke]", "[bff.other.smoke]");
    rewrite(&host, "bff = \"page\"", "bff = \"other\"");
    let changed = host.host().reload().await.unwrap();
    assert_eq!(changed.refused, Vec::new(), "{}", changed.published.len());
    host.stop().await;
}

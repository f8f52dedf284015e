//! The four example BFFs behind a real host, as a new user sees them.

use downstream_mock::Services;
use tailor_harness::TestHost;

pub const BFFS: &str = r#"
[bff.watch]
component = "watch.wasm"
downstreams = ["activity", "heart", "sleep"]
deadline = "800ms"
[bff.dashboard]
component = "dashboard.wasm"
downstreams = ["activity", "goals", "heart", "profile", "sleep"]
[bff.partner]
component = "partner.wasm"
downstreams = ["activity", "heart", "sleep"]
[bff.phone]
component = "phone.wasm"
downstreams = ["activity", "goals", "heart", "profile", "sleep"]
[[route]]
bff = "watch"
path = "/watch"
[[route]]
bff = "dashboard"
path = "/dashboard"
[[route]]
bff = "partner"
path = "/partner"
[[route]]
bff = "phone"
path = "/phone"
"#;

pub async fn host(services: &Services) -> TestHost {
    let mut builder = TestHost::builder().unwrap();
    for name in ["watch", "dashboard", "partner", "phone"] {
        builder = builder.example(name).unwrap();
    }
    builder
        .services(services, "")
        .config(BFFS)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_watch_gets_three_numbers() {
    let services = Services::start().unwrap();
    let host = host(&services).await;
    let reply = host.get("/watch/ada?date=2026-01-15").await.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.text().as_str()),
        (200, r#"{"steps":10213,"heart":51,"sleep":411}"#)
    );
}

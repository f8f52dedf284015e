//! How a shadow ends.

use super::*;
use crate::releases::tokens::{Holder, teams};
use crate::swap::page::page;

const OTHER: Guest = Guest {
    name: "Bob",
    ..Guest::LIVE
};

async fn ended(api: &Api) -> Value {
    until(async || {
        let report = api.get(PATH).await.json;
        (report["state"] == "ended").then_some(report)
    })
    .await
}

#[tokio::test]
async fn it_ends_by_order_by_time_and_where_another_version_is_live() {
    let (host, api) = start(builder(FREE), &[OTHER]).await;
    begin(&api, OTHER).await;
    compared(&host, &api, 1).await;
    let report = api.send("DELETE", PATH, "", b"").await;
    assert_eq!(
        (report.status, &report.json["state"]),
        (200, &json!("ended"))
    );
    assert_eq!(report.json["reason"], "ended by local");
    // The report stays, and no request is taken any more.
    let requests = &report.json["requests"];
    ask(&host).await;
    assert_eq!(&api.get(PATH).await.json["requests"], requests);

    let order = json!({"digest": digest(&OTHER.component()), "for": "1s"});
    assert_eq!(api.post(PATH, &order).await.status, 202);
    assert_eq!(ended(&api).await["reason"], "its time is over");

    begin(&api, OTHER).await;
    assert_eq!(api.release(&OTHER.component()).await["state"], "live");
    assert_eq!(ended(&api).await["reason"], "another version is live");
    host.stop().await;
}

#[tokio::test]
async fn a_restart_ends_it_and_a_reload_does_not_unless_the_bff_goes() {
    let (host, api) = start(builder(FREE), &[OTHER]).await;
    begin(&api, OTHER).await;
    host.host().reload().await.unwrap();
    compared(&host, &api, 1).await;
    let path = host.dir().join("tailor.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let gone = config
        .replace("bff.page", "bff.other")
        .replace("\"page\"", "\"other\"");
    assert_ne!(gone, config);
    std::fs::write(&path, gone).unwrap();
    host.host().reload().await.unwrap();
    let none = api.get(PATH).await;
    assert_eq!((none.status, &none.json["step"]), (404, &json!("bff")));
    std::fs::write(&path, config).unwrap();
    host.host().reload().await.unwrap();
    // It may have come back before the host looked.
    let report = api.get(PATH).await.json;
    assert_eq!(report["bff"], "page", "{report}");

    let host = host.restart().await.unwrap();
    let none = Api::of(&host).get(PATH).await;
    assert_eq!((none.status, &none.json["step"]), (404, &json!("shadow")));
    host.stop().await;
}

#[tokio::test]
async fn the_audit_says_who_began_and_ended_it() {
    let teams = teams().await;
    let (v1, team) = (page("v1"), Holder(&teams.api, &teams.page));
    assert_eq!(team.put(&v1).await.status, 201);
    let begun = team.release("page", &v1).await;
    team.is_live(&begun.location).await;
    let status = async || team.send("GET", "/v1/bffs/page", b"").await.json;
    until(async || (status().await["sha256"] == digest(&v1)).then_some(())).await;
    let order = json!({"digest": digest(&v1)}).to_string();
    assert_eq!(team.send("POST", PATH, order.as_bytes()).await.status, 202);
    let report = team.send("GET", PATH, b"").await.json;
    assert_eq!(report["actor"], "page-team");
    let other = Holder(&teams.api, &teams.other);
    for method in ["GET", "POST", "DELETE"] {
        let refused = other.send(method, PATH, order.as_bytes()).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (404, &json!("bff"))
        );
    }
    assert_eq!(team.send("DELETE", PATH, b"").await.status, 200);
    let operator = Holder(&teams.api, &teams.operator);
    let acts = operator.send("GET", "/v1/audit", b"").await.json["acts"].clone();
    let acts = acts.as_array().unwrap().iter();
    let of_team = acts.filter(|it| it["actor"] == "page-team");
    let told: Vec<_> = of_team
        .map(|it| (it["what"].as_str().unwrap(), &it["status"]))
        .take(2)
        .collect();
    let begun = format!("POST {PATH}");
    let ended = format!("DELETE {PATH}");
    assert_eq!(told, [(&*ended, &json!(200)), (&*begun, &json!(202))]);
    teams.host.stop().await;
}

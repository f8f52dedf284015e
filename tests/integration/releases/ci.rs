//! Jobs of CI systems that ship without a stored secret: which tokens are exchanged, once, and what
//! the new ones may do.

mod command;
pub mod issuer;
mod keys;
mod refused;

use futures_util::future::join_all;
use rusqlite::Connection;
use serde_json::json;
use tailor_harness::{Process, TestHost};

use super::api::{Answer, Api};
use super::tokens::{Holder, token};
use super::{builder, served, some, until};
use crate::disk::Disk;
use crate::swap::page::page;
use issuer::{AUDIENCE, Issuer, seconds};

/// A second BFF, of another team.
const OTHER: &str = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

/// The part of a configuration with a CI system and the rule for its jobs.
fn hub(keys: &str) -> String {
    format!(
        "[releases.ci.hub]\nissuer = {:?}\naudience = {AUDIENCE:?}\n{keys}\n\
         [[releases.ci.hub.rule]]\nteam = \"page-team\"\nbffs = [\"page\"]\n\
         scopes = [\"read\", \"upload\", \"release\"]\n\
         claims = {{ repository = \"acme/page\", ref = \"refs/heads/main\" }}\n",
        issuer::ISSUER
    )
}

const FILE: &str = "keys-file = \"keys.json\"";

/// A host that takes jobs of this issuer, whose keys lie beside its configuration.
async fn host(issuer: &Issuer, more: &str) -> (TestHost, Api) {
    let settings = hub(&format!("{FILE}\n{more}"));
    let builder = builder("admin.tokens = true\n").config(OTHER);
    let builder = builder.config(&settings);
    let builder = builder.file("keys.json", issuer.keys().as_bytes()).unwrap();
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    (host, api)
}

async fn exchange(api: &Api, token: &str) -> Answer {
    api.post("/v1/tokens/exchange", &json!({"token": token}))
        .await
}

/// The token for a job.
async fn exchanged(api: &Api, token: &str) -> String {
    let answer = exchange(api, token).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json["token"].as_str().unwrap().to_owned()
}

fn journal(host: &TestHost) -> Connection {
    Connection::open(host.dir().join("data/releases/journal.db")).unwrap()
}

async fn operator(host: &TestHost) -> String {
    let config = host.dir().join("tailor.toml");
    let (made, text) = token(&config, &["create", "--operator"]).await;
    assert!(made, "{text}");
    text
}

#[tokio::test]
async fn a_job_ships_its_teams_bff_without_a_stored_secret_and_nothing_else() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    let answer = exchange(&api, &issuer.job(&json!({}))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    for (name, expected) in [
        ("team", json!("page-team")),
        ("operator", json!(false)),
        ("bffs", json!(["page"])),
        ("scopes", json!(["read", "upload", "release"])),
        (
            "note",
            json!("ci:hub rule 0: repo:acme/page:ref:refs/heads/main"),
        ),
    ] {
        assert_eq!(answer.json[name], expected, "{name}");
    }
    let lives = "SELECT (expires - made) / 1000 FROM token";
    let lives: i64 = journal(&host)
        .query_row(lives, [], |row| row.get(0))
        .unwrap();
    assert_eq!(lives, 900);
    let secret = answer.json["token"].as_str().unwrap().to_owned();
    let job = Holder(&api, &secret);
    let v1 = page("v1");
    assert_eq!(job.put(&v1).await.status, 201);
    let begun = job.release("page", &v1).await;
    assert_eq!(
        (begun.status, &begun.json["actor"]),
        (202, &json!("page-team"))
    );
    job.is_live(&begun.location).await;
    // The journal says so a moment before.
    until(async || (served(host.address()).await == some("v1")).then_some(())).await;
    let other = job.release("other", &v1).await;
    assert_eq!((other.status, &other.json["step"]), (404, &json!("bff")));
    for (path, body) in [
        ("/v1/bffs/page/rollback", json!({})),
        ("/v1/tokens", json!({"team": "a", "bffs": ["page"]})),
        (
            "/v1/bffs/page/releases",
            json!({"digest": super::api::digest(&v1), "consent": super::api::digest(b"x")}),
        ),
    ] {
        let refused = job.post(path, &body).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (403, &json!("scope")),
            "{path}"
        );
    }
    // The operator sees what there is, who got it, and ends it.
    let operator_token = operator(&host).await;
    let operator = Holder(&api, &operator_token);
    let listed = operator.send("GET", "/v1/tokens", b"").await.json;
    let of_job = &listed["tokens"][1];
    assert_eq!(of_job["id"], answer.json["id"], "{listed}");
    assert!(!listed.to_string().contains(&secret), "{listed}");
    let acts = operator.send("GET", "/v1/audit", b"").await.json["acts"].clone();
    let acts = acts.as_array().unwrap();
    let act = acts.iter().find(|act| act["actor"] == "ci:hub").unwrap();
    for (name, expected) in [
        ("what", json!("POST /v1/tokens/exchange")),
        ("status", json!(201)),
        ("token", answer.json["id"].clone()),
        (
            "result",
            json!("rule 0: repo:acme/page:ref:refs/heads/main"),
        ),
    ] {
        assert_eq!(act[name], expected, "{name}");
    }
    assert_eq!(job.send("GET", "/v1/bffs/page", b"").await.status, 200);
    let path = format!("/v1/tokens/{}", answer.json["id"].as_str().unwrap());
    assert_eq!(operator.send("DELETE", &path, b"").await.status, 200);
    let refused = job.send("GET", "/v1/bffs/page", b"").await;
    assert_eq!(refused.status, 401, "{refused:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_token_is_exchanged_once_also_over_a_restart_and_the_new_one_goes_on() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    let (with_id, without) = (issuer.job(&json!({})), issuer.job(&json!({"jti": null})));
    let secret = exchanged(&api, &with_id).await;
    exchanged(&api, &without).await;
    let replayed = async |api: &Api| {
        for token in [&with_id, &without] {
            let refused = exchange(api, token).await;
            let step = &refused.json["step"];
            assert_eq!(
                (refused.status, step),
                (401, &json!("replay")),
                "{refused:?}"
            );
        }
    };
    replayed(&api).await;
    let host = host.restart().await.unwrap();
    let api = Api::of(&host);
    replayed(&api).await;
    let job = Holder(&api, &secret);
    assert_eq!(job.send("GET", "/v1/bffs/page", b"").await.status, 200);
    // Its time ends.
    let journal = journal(&host);
    let ended = "UPDATE token SET expires = ?1 WHERE id = ?2";
    let now = seconds(0) * 1000 - 1;
    journal
        .execute(ended, rusqlite::params![now, &secret[4..12]])
        .unwrap();
    let refused = job.send("GET", "/v1/bffs/page", b"").await;
    assert_eq!(refused.status, 401);
    assert!(
        refused.json.to_string().contains("has expired"),
        "{refused:?}"
    );
    // What ended an hour ago is in no list, nor are tokens that could be exchanged once.
    let ended = "UPDATE token SET expires = ?1";
    journal.execute(ended, [now - 3_601_000]).unwrap();
    journal
        .execute("UPDATE exchanged SET until = ?1", [now])
        .unwrap();
    exchanged(&api, &issuer.job(&json!({}))).await;
    for table in ["token", "exchanged"] {
        let count = format!("SELECT count(*) FROM {table}");
        let rows: i64 = journal.query_row(&count, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1, "{table}");
    }
    host.stop().await;
}

#[tokio::test]
async fn a_token_that_many_send_at_once_is_exchanged_once() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    for changes in [json!({}), json!({"jti": null})] {
        let token = issuer.job(&changes);
        let all = join_all((0..12).map(|_| exchange(&api, &token))).await;
        let given: Vec<&Answer> = all.iter().filter(|it| it.status == 201).collect();
        assert_eq!(given.len(), 1, "{all:?}");
        let mut refused = all.iter().filter(|it| it.status != 201);
        let is_replay = |it: &Answer| (it.status, &it.json["step"]) == (401, &json!("replay"));
        assert!(refused.all(is_replay), "{all:?}");
    }
    let rows = "SELECT count(*) FROM token";
    let rows: i64 = journal(&host)
        .query_row(rows, [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2);
    host.stop().await;
}

#[tokio::test]
async fn a_reload_that_takes_older_tokens_lets_none_be_exchanged_twice() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "max-age = \"60s\"\nleeway = \"1s\"").await;
    let old = issuer.job(&json!({"iat": seconds(-58), "nbf": null}));
    exchanged(&api, &old).await;
    // Its time ends under these settings.
    until(async || (exchange(&api, &old).await.json["step"] == "claims").then_some(())).await;
    // What ended is cleaned away at each exchange.
    exchanged(&api, &issuer.job(&json!({}))).await;
    let path = host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("max-age = \"60s\"", "max-age = \"1h\"");
    std::fs::write(&path, text).unwrap();
    host.host().reload().await.unwrap();
    let refused = exchange(&api, &old).await;
    let step = &refused.json["step"];
    assert_eq!(
        (refused.status, step),
        (401, &json!("replay")),
        "{refused:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn the_jobs_of_each_team_have_a_number_of_tokens_and_operators_theirs() {
    let issuer = Issuer::new("a");
    let settings = hub(&format!("{FILE}\nmax-tokens = 2"));
    let other = "[[releases.ci.hub.rule]]\nteam = \"other-team\"\nbffs = [\"other\"]\n\
                 scopes = [\"read\"]\nclaims = { repository = \"acme/other\" }\n";
    let builder = builder("admin.tokens = true\n").config(OTHER);
    let builder = builder.config(&settings).config(other);
    let builder = builder.file("keys.json", issuer.keys().as_bytes()).unwrap();
    let host = builder.start().await.unwrap();
    let api = Api::of(&host);
    let first = exchanged(&api, &issuer.job(&json!({}))).await;
    exchanged(&api, &issuer.job(&json!({}))).await;
    let third = issuer.job(&json!({}));
    let refused = exchange(&api, &third).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (429, &json!("token")),
        "{refused:?}"
    );
    assert!(
        refused
            .json
            .to_string()
            .contains("releases.ci.hub: 2 tokens of page-team"),
        "{refused:?}"
    );
    // It takes none from another team.
    exchanged(&api, &issuer.job(&json!({"repository": "acme/other"}))).await;
    let operator = operator(&host).await;
    let path = format!("/v1/tokens/{}", &first[4..12]);
    let revoked = Holder(&api, &operator).send("DELETE", &path, b"").await;
    assert_eq!(revoked.status, 200);
    // It was not exchanged, so that it still can be.
    exchanged(&api, &third).await;
    host.stop().await;
}

#[tokio::test]
async fn a_disk_that_takes_no_writes_gives_no_token_and_says_so() {
    let issuer = Issuer::new("a");
    let builder = builder("admin.tokens = true\nlog.format = \"json\"\n").config(&hub(FILE));
    let builder = builder.file("keys.json", issuer.keys().as_bytes()).unwrap();
    let (path, dir) = builder.write().unwrap();
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    exchanged(&Api::of_process(&process), &issuer.job(&json!({}))).await;
    drop(process);
    disk.remount("ro");
    let process = Process::start(disk.host(), &path).unwrap();
    let api = Api::of_process(&process);
    let token = issuer.job(&json!({}));
    let refused = exchange(&api, &token).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (503, &json!("store")),
        "{refused:?}"
    );
    assert!(
        refused.json.to_string().contains("read-only"),
        "{refused:?}"
    );
    disk.remount("rw");
    // It was not exchanged. What reads the journal meanwhile may have opened it once more.
    until(async || (exchange(&api, &token).await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn the_log_has_no_token_of_either_kind() {
    let issuer = Issuer::new("a");
    let builder = builder("admin.tokens = true\nlog.format = \"json\"\nlog.level = \"debug\"\n");
    let builder = builder.config(&hub(FILE));
    let builder = builder.file("keys.json", issuer.keys().as_bytes()).unwrap();
    let (path, _files) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let api = Api::of_process(&process);
    let good = issuer.job(&json!({}));
    let secret = exchanged(&api, &good).await;
    let refused = [
        good.clone(),
        issuer.job(&json!({"ref": "x"})),
        issuer.job(&json!({"aud": "x"})),
        Issuer::new("a").job(&json!({})),
    ];
    for token in &refused {
        assert_eq!(exchange(&api, token).await.status, 401);
    }
    for body in [
        json!({"token": [good]}),
        json!({"tokens": good}),
        json!(good),
    ] {
        assert_eq!(api.post("/v1/tokens/exchange", &body).await.status, 400);
    }
    let told = process.wait_for_line(|line| line.contains("a job gets a token").then_some(()));
    told.unwrap();
    let secrets = refused.iter().flat_map(|token| token.split('.').skip(1));
    let secrets: Vec<&str> = secrets.chain([&secret[13..56]]).collect();
    for line in process.lines() {
        for secret in &secrets {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[tokio::test]
async fn a_host_without_ci_systems_says_so_and_a_reload_takes_one_away() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    let secret = exchanged(&api, &issuer.job(&json!({}))).await;
    let path = host.dir().join("tailor.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let start = text.find("[releases.ci.hub]").unwrap();
    let rule = &text[start..];
    let end = rule.find("claims = ").unwrap();
    let end = start + end + rule[end..].find('\n').unwrap();
    std::fs::write(&path, [&text[..start], &text[end..]].concat()).unwrap();
    host.host().reload().await.unwrap();
    let refused = exchange(&api, &issuer.job(&json!({}))).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (404, &json!("ci")),
        "{refused:?}"
    );
    // What was given goes on to its end.
    let job = Holder(&api, &secret);
    assert_eq!(job.send("GET", "/v1/bffs/page", b"").await.status, 200);
    host.stop().await;
}

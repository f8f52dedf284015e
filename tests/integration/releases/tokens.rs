//! Tokens: who may do what, and what stays of it.

use serde_json::{Value, json};
use tailor_harness::{Process, TestHost};

use super::api::{Answer, Api, digest};
use super::{builder, served, some, until};
use crate::swap::page::page;
use crate::wire::{Wire, get};

/// A second BFF, of another team.
const OTHER: &str = "[bff.other]\nreleases = true\n[[route]]\nbff = \"other\"\npath = \"/other\"\n";

/// Runs `tailor token` on the data directory of a configuration.
pub async fn token(config: &std::path::Path, arguments: &[&str]) -> (bool, String) {
    let program = Process::program().unwrap();
    let mut command = tokio::process::Command::new(program);
    command
        .arg("token")
        .args(arguments)
        .arg("--config")
        .arg(config);
    let done = command.output().await.unwrap();
    // What it warns of is none of what it prints.
    let text = match done.status.success() {
        true => done.stdout,
        false => done.stderr,
    };
    (
        done.status.success(),
        String::from_utf8(text).unwrap().trim().to_owned(),
    )
}

/// A client with a token.
pub struct Holder<'a>(pub &'a Api, pub &'a str);

impl Holder<'_> {
    pub async fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let fields = format!(
            "authorization: Bearer {}\r\ncontent-type: application/json\r\n",
            self.1
        );
        self.0.send(method, path, &fields, body).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string().as_bytes()).await
    }

    pub async fn put(&self, component: &[u8]) -> Answer {
        self.send(
            "PUT",
            &format!("/v1/components/{}", digest(component)),
            component,
        )
        .await
    }

    pub async fn release(&self, bff: &str, component: &[u8]) -> Answer {
        let body = json!({"digest": digest(component)});
        self.post(&format!("/v1/bffs/{bff}/releases"), &body).await
    }

    pub async fn is_live(&self, path: &str) {
        until(async || (self.send("GET", path, b"").await.json["state"] == "live").then_some(()))
            .await;
    }
}

pub struct Teams {
    pub host: TestHost,
    pub api: Api,
    pub operator: String,
    pub page: String,
    pub other: String,
}

pub async fn teams() -> Teams {
    teams_of("").await
}

/// The same with more settings.
pub async fn teams_of(more: &str) -> Teams {
    let host = builder(&format!("admin.tokens = true\n{more}"))
        .config(OTHER)
        .start()
        .await
        .unwrap();
    let config = host.dir().join("tailor.toml");
    let make = async |arguments: &[&str]| {
        let (made, text) = token(&config, &[&["create"], arguments].concat()).await;
        assert!(made, "{text}");
        text
    };
    let operator = make(&["--operator"]).await;
    let page = make(&["--team", "page-team", "--bff", "page"]).await;
    let other = make(&["--team", "other-team", "--bff", "other", "--note", "CI"]).await;
    let api = Api::of(&host);
    Teams {
        host,
        api,
        operator,
        page,
        other,
    }
}

#[tokio::test]
async fn each_team_ships_its_own_bff_and_the_history_says_who_did() {
    let teams = teams().await;
    let (v1, api) = (page("v1"), &teams.api);
    let team = Holder(api, &teams.page);
    assert_eq!(team.put(&v1).await.status, 201);
    let begun = team.release("page", &v1).await;
    assert_eq!(
        (begun.status, &begun.json["actor"]),
        (202, &json!("page-team"))
    );
    team.is_live(&begun.location).await;
    assert_eq!(served(teams.host.address()).await, some("v1"));
    // The other team does not have that component, whatever the store has.
    let other = Holder(api, &teams.other);
    let path = format!("/v1/components/{}", digest(&v1));
    assert_eq!(other.send("HEAD", &path, b"").await.status, 404);
    let absent = other.release("other", &v1).await;
    assert_eq!(
        (absent.status, &absent.json["step"]),
        (409, &json!("digest"))
    );
    assert_eq!(other.put(&v1).await.status, 201);
    assert_eq!(other.put(&v1).await.status, 200);
    assert_eq!(other.release("other", &v1).await.status, 202);
    let mine = team.send("GET", "/v1/bffs", b"").await.json;
    assert_eq!(mine["bffs"].as_array().unwrap().len(), 1);
    let operator = Holder(api, &teams.operator);
    let all = operator.send("GET", "/v1/bffs", b"").await.json;
    assert_eq!(all["bffs"].as_array().unwrap().len(), 2);
    let acts = operator.send("GET", "/v1/audit", b"").await.json["acts"].clone();
    let told: Vec<_> = acts.as_array().unwrap().iter().rev().collect();
    let told: Vec<_> = told
        .iter()
        .map(|it| {
            (
                it["actor"].as_str().unwrap(),
                it["status"].as_u64().unwrap(),
            )
        })
        .collect();
    let team = |status| ("page-team", status);
    let other = |status| ("other-team", status);
    let owner = ("data-dir", 200);
    assert_eq!(told[..3], [owner, owner, owner]);
    assert_eq!(
        told[3..],
        [
            team(201),
            team(202),
            other(409),
            other(201),
            other(200),
            other(202)
        ]
    );
    assert_eq!(acts[4]["result"], "/v1/bffs/page/releases/1");
    assert!(!acts.to_string().contains(&teams.page[13..20]), "{acts}");
    teams.host.stop().await;
}

/// The paths come from the document, so that a new one is tried as well.
#[tokio::test]
async fn another_teams_bff_is_not_there_on_any_path() {
    let teams = teams().await;
    let team = Holder(&teams.api, &teams.page);
    let document = Holder(&teams.api, &teams.operator)
        .send("GET", "/v1/openapi.json", b"")
        .await
        .json;
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.contains("{bff}") {
            continue;
        }
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let body = json!({"digest": digest(b"x")}).to_string();
            let ask = async |bff: &str| {
                let path = path.replace("{bff}", bff).replace("{number}", "1");
                team.send(&method.to_uppercase(), &path, body.as_bytes())
                    .await
            };
            let (there, none) = (ask("other").await, ask("nowhere").await);
            assert_eq!((there.status, none.status), (404, 404), "{method} {path}");
            // Nothing tells one from the other.
            let text = |it: &Answer| {
                it.json["reason"]
                    .as_str()
                    .unwrap()
                    .replace("nowhere", "other")
            };
            assert_eq!(text(&there), text(&none), "{method} {path}");
            tried += 1;
        }
    }
    assert!(tried >= 5, "{tried}");
    // What is the operator's is no team's.
    let order = json!({"digest": digest(b"x"), "consent": digest(b"y")});
    let refused = team.post("/v1/bffs/page/releases", &order).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (403, &json!("scope"))
    );
    for (method, path) in [
        ("GET", "/v1/audit"),
        ("GET", "/v1/tokens"),
        ("POST", "/v1/tokens"),
        ("DELETE", "/v1/tokens/abcdefgh"),
    ] {
        let refused = team.send(method, path, b"{}").await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (403, &json!("scope")),
            "{path}"
        );
    }
    let breaker = "/downstreams/x/breaker?state=open";
    assert_eq!(team.send("POST", breaker, b"").await.status, 403);
    assert_eq!(team.send("GET", "/bffs", b"").await.status, 403);
    teams.host.stop().await;
}

#[tokio::test]
async fn a_token_that_is_wrong_lacking_or_revoked_is_refused_and_health_needs_none() {
    let teams = teams().await;
    let api = &teams.api;
    for (fields, reason) in [
        (String::new(), "there is no token"),
        (
            "authorization: Basic abc\r\n".to_owned(),
            "there is no token",
        ),
        (
            "authorization: Bearer abc\r\n".to_owned(),
            "what was sent is no token",
        ),
        (
            format!("authorization: Bearer {}x\r\n", teams.page),
            "what was sent is no token",
        ),
        (format!("authorization: bearer {}\r\n", teams.page), ""),
        (
            format!(
                "authorization: Bearer {0}\r\nauthorization: Bearer {0}\r\n",
                teams.page
            ),
            "there is no token",
        ),
    ] {
        let answer = api.raw("GET", "/v1/bffs", &fields, b"").await;
        if reason.is_empty() {
            assert_eq!(answer.status, 200);
            continue;
        }
        assert_eq!(answer.status, 401, "{fields}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(answer.body.contains(reason), "{}", answer.body);
    }
    // A secret of another host, with a right checksum.
    let foreign = builder("admin.tokens = true\n").start().await.unwrap();
    let (_, secret) = token(
        &foreign.dir().join("tailor.toml"),
        &["create", "--operator"],
    )
    .await;
    foreign.stop().await;
    let refused = Holder(api, &secret).send("GET", "/v1/bffs", b"").await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (401, &json!("token"))
    );
    for (path, status) in [
        ("/livez", 200),
        ("/readyz", 503),
        ("/metrics", 200),
        ("/bffs", 401),
    ] {
        assert_eq!(
            Wire::ask(api.0, &get(path, "")).await.status,
            status,
            "{path}"
        );
    }
    // Rotation: the new one works beside the old one, until that is revoked.
    let operator = Holder(api, &teams.operator);
    let body =
        json!({"team": "page-team", "bffs": ["page"], "scopes": ["read"], "expires_in": "12h"});
    let made = operator.post("/v1/tokens", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let second = made.json["token"].as_str().unwrap().to_owned();
    let reader = Holder(api, &second);
    assert_eq!(reader.send("GET", "/v1/bffs/page", b"").await.status, 200);
    let refused = reader.post("/v1/bffs/page/rollback", &json!({})).await;
    assert_eq!(
        (refused.status, &refused.json["step"]),
        (403, &json!("scope"))
    );
    let first = &teams.page[4..12];
    let revoked = operator
        .send("DELETE", &format!("/v1/tokens/{first}"), b"")
        .await;
    assert_eq!(revoked.status, 200);
    assert_eq!(
        Holder(api, &teams.page)
            .send("GET", "/v1/bffs/page", b"")
            .await
            .status,
        401
    );
    assert_eq!(reader.send("GET", "/v1/bffs/page", b"").await.status, 200);
    let again = operator
        .send("DELETE", &format!("/v1/tokens/{first}"), b"")
        .await;
    assert_eq!((again.status, &again.json["step"]), (404, &json!("token")));
    for (body, reason) in [
        (json!({"team": "a b", "bffs": ["page"]}), "is no name"),
        (json!({"team": "a"}), "for no BFF"),
        (
            json!({"team": "a", "bffs": ["page"], "scopes": ["all"]}),
            "there is no \"all\"",
        ),
        (
            json!({"team": "a", "bffs": ["page"], "operator": true}),
            "no BFFs and no scopes",
        ),
        (
            json!({"team": "a", "bffs": ["page"], "expires_in": "2y"}),
            "is no time from 1m to 365d",
        ),
        (
            json!({"team": "a", "bffs": ["page"], "note": "a\nb"}),
            "control characters",
        ),
    ] {
        let refused = operator.post("/v1/tokens", &body).await;
        assert_eq!(refused.status, 400, "{body}");
        let text = refused.json.to_string().replace("\\\"", "\"");
        assert!(text.contains(reason), "{text}");
    }
    teams.host.stop().await;
}

#[tokio::test]
async fn the_command_lists_and_revokes_tokens_and_says_what_is_wrong() {
    let teams = teams().await;
    let config = &teams.host.dir().join("tailor.toml");
    let (listed, text) = token(config, &["list"]).await;
    assert!(listed && text.lines().count() == 3, "{text}");
    assert!(
        text.contains(
            "other-team: read, upload, release, rollback, promote, preview of other; until "
        ),
        "{text}"
    );
    assert!(text.contains("operator: everything; until"), "{text}");
    for secret in [&teams.operator, &teams.page, &teams.other] {
        assert!(
            text.contains(&secret[4..12]) && !text.contains(&secret[13..56]),
            "{text}"
        );
    }
    let (listed, text) = token(config, &["list", "--team", "other-team"]).await;
    assert!(listed && text.starts_with(&teams.other[4..12]) && text.lines().count() == 1);
    let id = &teams.page[4..12];
    let (revoked, text) = token(config, &["revoke", id]).await;
    assert!(revoked, "{text}");
    let refused = Holder(&teams.api, &teams.page)
        .send("GET", "/v1/bffs", b"")
        .await;
    assert_eq!(refused.status, 401);
    for (arguments, said) in [
        (&["revoke", "nothing"][..], "none of this id is valid"),
        (&["create"], "the token is for no BFF"),
        (&["create", "--bff", "page", "--team", "x/y"], "is no name"),
        (&["create", "--operator", "--expires", "1s"], "is no time"),
    ] {
        let (done, text) = token(config, arguments).await;
        assert!(!done && text.contains(said), "{text}");
    }
    // Nothing that runs was ended by a second process that uses the journal.
    let team = Holder(&teams.api, &teams.other);
    team.put(&page("v1")).await;
    let begun = team.release("other", &page("v1")).await;
    token(config, &["list"]).await;
    team.is_live(&begun.location).await;
    teams.host.stop().await;
}

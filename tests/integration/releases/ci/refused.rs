//! Tokens that are not exchanged, and what is said and kept of that.

use serde_json::{Value, json};

use super::issuer::{Issuer, claims, input, seconds};
use super::{Holder, exchange, exchanged, host, operator};

#[tokio::test]
async fn what_the_issuer_did_not_sign_gets_one_word_and_no_row() {
    let (issuer, stranger) = (Issuer::new("a"), Issuer::new("a"));
    let (host, api) = host(&issuer, "").await;
    let good = issuer.job(&json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let other = input(
        &json!({}),
        &claims(&json!({"repository": "acme/page", "ref": "x"})),
    );
    let payload = other.split('.').nth(1).unwrap();
    let none = input(&json!({"alg": "none"}), &claims(&json!({})));
    let header = |alg: &str| json!({"alg": alg, "kid": "a"});
    let all = claims(&json!({}));
    let mut reasons = std::collections::BTreeSet::new();
    for (what, token) in [
        ("another key", stranger.job(&json!({}))),
        ("alg none", format!("{none}.")),
        ("alg none, signed", issuer.token(&header("none"), &all)),
        ("HS256 with the public key", issuer.forged()),
        (
            "RS256 with a key of P-256",
            issuer.token(&header("RS256"), &all),
        ),
        ("tampered", format!("{}.{payload}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        (
            "an unknown kid",
            issuer.token(&json!({"alg": "ES256", "kid": "b"}), &all),
        ),
        (
            "crit",
            issuer.token(&json!({"alg": "ES256", "kid": "a", "crit": ["x"]}), &all),
        ),
        (
            "another issuer",
            issuer.job(&json!({"iss": "https://evil.example"})),
        ),
        ("no issuer", issuer.job(&json!({"iss": null}))),
        ("no token", "x".to_owned()),
        ("nothing", String::new()),
        ("too long", issuer.job(&json!({"more": "x".repeat(9000)}))),
    ] {
        let refused = exchange(&api, &token).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (401, &json!("token")),
            "{what}"
        );
        reasons.insert(refused.json["reason"].as_str().unwrap().to_owned());
    }
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    for (body, status) in [
        ("{}", 400),
        ("[]", 400),
        (r#"["a.b.c"]"#, 400),
        (r#"{"token": 1}"#, 400),
        ("", 400),
    ] {
        let fields = "content-type: application/json\r\n";
        let path = "/v1/tokens/exchange";
        let refused = api.send("POST", path, fields, body.as_bytes()).await;
        assert_eq!(refused.status, status, "{body}: {refused:?}");
    }
    // Other paths ask for a token as before, and a web page gets nothing.
    assert_eq!(api.get("/v1/tokens/exchange").await.status, 401);
    assert_eq!(
        api.post("/v1/tokens", &json!({"token": good})).await.status,
        401
    );
    let fields = "content-type: application/json\r\norigin: https://evil.example\r\n";
    let body = json!({"token": good}).to_string();
    let refused = api
        .send("POST", "/v1/tokens/exchange", fields, body.as_bytes())
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");
    // Without a kid, there is one key that it can be of.
    exchanged(
        &api,
        &issuer.token(&json!({"alg": "ES256"}), &claims(&json!({}))),
    )
    .await;
    exchanged(&api, &good).await;
    let operator = operator(&host).await;
    let acts = Holder(&api, &operator)
        .send("GET", "/v1/audit", b"")
        .await
        .json;
    let of_jobs = acts["acts"].as_array().unwrap().iter();
    let of_jobs: Vec<&Value> = of_jobs.filter(|it| it["actor"] == "ci:hub").collect();
    assert_eq!(of_jobs.len(), 2, "{of_jobs:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_job_that_no_rule_is_for_is_told_why_and_pushes_nothing_out_of_the_audit() {
    let issuer = Issuer::new("a");
    let (host, api) = host(&issuer, "").await;
    for (changes, step, reason) in [
        (
            json!({"ref": "refs/heads/x"}),
            "rule",
            "ref is \"refs/heads/x\", repository is",
        ),
        (
            json!({"repository": "evil/page"}),
            "rule",
            "repository is \"evil/page\"",
        ),
        (json!({"repository": null}), "rule", "it has no repository"),
        (
            json!({"aud": "https://other.example"}),
            "claims",
            "aud is \"https://other.example\"",
        ),
        (json!({"exp": seconds(-90)}), "claims", "it has expired"),
        (json!({"nbf": seconds(90)}), "claims", "not begun"),
        (json!({"iat": seconds(-700)}), "claims", "too old"),
    ] {
        let refused = exchange(&api, &issuer.job(&changes)).await;
        assert_eq!(
            (refused.status, &refused.json["step"]),
            (401, &json!(step)),
            "{changes}"
        );
        let told = refused.json["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{changes}: {told}");
        assert!(!refused.json["fix"].as_str().unwrap().is_empty());
    }
    // Of jobs that a rule is for, it has what is refused, and not without end.
    let good = issuer.job(&json!({}));
    exchanged(&api, &good).await;
    for _ in 0..12 {
        assert_eq!(exchange(&api, &good).await.status, 401);
    }
    let operator = operator(&host).await;
    let acts = Holder(&api, &operator)
        .send("GET", "/v1/audit", b"")
        .await
        .json;
    let of_jobs = acts["acts"].as_array().unwrap().iter();
    let of_jobs: Vec<&Value> = of_jobs.filter(|it| it["actor"] == "ci:hub").collect();
    let (given, refused): (Vec<&Value>, Vec<&Value>) =
        of_jobs.iter().partition(|it| it["status"] == 201);
    assert_eq!((given.len(), refused.len()), (1, 10), "{of_jobs:?}");
    for act in refused {
        let result = act["result"].as_str().unwrap();
        let begins = "replay: repo:acme/page:ref:refs/heads/main: the token was exchanged";
        assert!(result.starts_with(begins), "{result}");
    }
    host.stop().await;
}

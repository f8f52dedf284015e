//! Tokens against rules, and what is said of those that get nothing.

use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::*;
use crate::config::{CiAlgorithm, CiKeys};

/// Who signs.
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(include_bytes!("test-key.pk8")).unwrap())
    }

    pub(super) fn p256() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap())
    }

    /// Its public key.
    pub(super) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = key.public().into();
                let (n, e) = (encode(n), encode(e));
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e})
            }
            Self::P256(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y})
            }
        }
    }

    /// A token with this header.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let (header, claims) = (header.to_string(), claims.to_string());
        let input = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding = &RSA_PKCS1_SHA256;
                key.sign(padding, &random, input.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::P256(key) => {
                let signature = key.sign(&random, input.as_bytes()).unwrap();
                signature.as_ref().to_vec()
            }
        };
        format!("{input}.{}", encode(signature))
    }
}

/// The time of these tests, seconds.
const NOW: u64 = 1_800_000_000;

fn rule(claims: &[(&str, &str)], team: &str) -> CiRule {
    let claims = claims.iter().map(|(name, text)| {
        let text = format!(
            "releases.ci.x.issuer = \"https://x\"\nreleases.ci.x.audience = \"x\"\n\
             admin.tokens = true\nreleases.ci.x.keys-url = \"https://x\"\n\
             [[releases.ci.x.rule]]\nclaims = {{ {name} = \"{text}\", sub = \"repo:a/a\" }}\n\
             team = \"a\"\nbffs = \"a\"\nscopes = \"read\"\n[bff.a]\nreleases = true\n\
             [[route]]\nbff = \"a\"\n"
        );
        let config = crate::config::parse(&text, std::path::Path::new("x.toml")).unwrap();
        let claims = &config.releases.ci["x"].rules[0].claims;
        let found = claims.iter().find(|it| it.0 == *name).unwrap();
        found.clone()
    });
    CiRule {
        claims: claims.collect(),
        team: team.to_owned(),
        bffs: vec!["watch".to_owned()],
        scopes: vec!["read"],
    }
}

/// A CI system with a rule for a branch, one for tags, and one by number.
pub(super) fn issuer() -> CiIssuer {
    let seconds = Duration::from_secs;
    CiIssuer {
        issuer: "https://ci.example".to_owned(),
        audience: "https://tailor.example".to_owned(),
        keys: CiKeys::File("nowhere".into()),
        algorithms: vec![CiAlgorithm::Rs256, CiAlgorithm::Es256],
        lifetime: seconds(900),
        leeway: seconds(60),
        max_age: seconds(600),
        max_tokens: 10,
        fetch_interval: seconds(60),
        keys_max_age: seconds(3600),
        keys_max_stale: seconds(86400),
        rules: vec![
            rule(
                &[("repository", "acme/watch"), ("ref", "refs/heads/main")],
                "main",
            ),
            rule(
                &[("repository", "acme/watch"), ("ref", "refs/tags/*")],
                "tags",
            ),
            rule(
                &[("repository", "acme/*"), ("environment", "production")],
                "shared",
            ),
            rule(&[("project_id", "7"), ("ref_protected", "true")], "lab"),
        ],
    }
}

/// What a job has by default, changed by these members: `null` takes one away.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://ci.example",
        "aud": "https://tailor.example",
        "sub": "repo:acme/watch:ref:refs/heads/main",
        "jti": "1",
        "iat": NOW - 5,
        "nbf": NOW - 5,
        "exp": NOW + 300,
        "repository": "acme/watch",
        "ref": "refs/heads/main",
    });
    let all = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(all.remove(name)),
            value => drop(all.insert(name.clone(), value.clone())),
        }
    }
    claims
}

/// What becomes of a job whose token is proven.
fn judged(changes: &Value) -> Result<Job, CiError> {
    let signer = Signer::p256();
    let text = signer.sign(&json!({"alg": "ES256"}), &claims(changes));
    let jwt = Jwt::read(&text).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    job("hub".to_owned(), &issuer(), &jwt, now)
}

#[test]
fn the_first_rule_that_fits_says_whose_a_job_is() {
    for (changes, team) in [
        (json!({}), "main"),
        (json!({"ref": "refs/tags/v1"}), "tags"),
        (
            json!({"ref": "refs/heads/x", "environment": "production"}),
            "shared",
        ),
        // Both fit, and the first holds.
        (json!({"environment": "production"}), "main"),
        (
            json!({"repository": "acme/b", "environment": "production"}),
            "shared",
        ),
        (
            json!({"repository": null, "project_id": 7, "ref_protected": true}),
            "lab",
        ),
        (
            json!({"repository": null, "project_id": "7", "ref_protected": "true"}),
            "lab",
        ),
        (json!({"aud": ["other", "https://tailor.example"]}), "main"),
        // Clocks differ a little, and times may have fractions.
        (json!({"exp": NOW - 59}), "main"),
        (json!({"nbf": NOW + 60, "iat": NOW + 60}), "main"),
        (json!({"iat": NOW - 659}), "main"),
        (json!({"iat": NOW as f64 - 0.5}), "main"),
        (json!({"nbf": null, "jti": null, "sub": null}), "main"),
    ] {
        let job = judged(&changes);
        let job = job.unwrap_or_else(|error| panic!("{changes}: {error}"));
        assert_eq!(job.team, team, "{changes}");
    }
    let job = judged(&json!({})).unwrap();
    assert_eq!(job.rule, 0);
    assert_eq!(job.who.issuer, "hub");
    assert_eq!(job.who.subject, "repo:acme/watch:ref:refs/heads/main");
    // It is remembered until nobody would take it again.
    assert_eq!(job.until, UNIX_EPOCH + Duration::from_secs(NOW + 360));
    assert_eq!(job.known_until, UNIX_EPOCH + Duration::from_secs(NOW + 600));
    let long = judged(&json!({"exp": NOW + 86400})).unwrap();
    assert_eq!(long.until, UNIX_EPOCH + Duration::from_secs(NOW - 5 + 660));
    // A reload may raise max-age and leeway to what they can be.
    let known_until = UNIX_EPOCH + Duration::from_secs(NOW - 5 + 3600 + 300);
    assert_eq!(long.known_until, known_until);
}

#[test]
fn a_proven_token_that_is_for_others_or_not_for_now_is_refused_with_the_reason() {
    for (changes, reason) in [
        (
            json!({"aud": "https://other.example"}),
            "aud is \"https://other.example\", not \"https:",
        ),
        (json!({"aud": ["a", "b"]}), "aud is \"a, b\", not"),
        (json!({"aud": "https://tailor.example/"}), "aud is"),
        (json!({"aud": null}), "it has no aud"),
        (json!({"aud": 1}), "it has no aud"),
        (json!({"aud": []}), "aud is \"\", not"),
        (json!({"aud": ["https://tailor.example", 1]}), "no text"),
        (
            json!({"aud": vec!["https://tailor.example"; 9]}),
            "more than 8",
        ),
        (json!({"exp": NOW - 60}), "it has expired"),
        (json!({"exp": 0}), "it has expired"),
        (json!({"exp": null}), "it has no exp"),
        (json!({"exp": "1900000000"}), "exp is no time"),
        (json!({"exp": -1}), "exp is no time"),
        (json!({"exp": 1e300}), "exp is no time"),
        (json!({"nbf": NOW + 61}), "has not begun"),
        (json!({"nbf": "now"}), "nbf is no time"),
        (json!({"iat": null}), "it has no iat"),
        (json!({"iat": NOW + 61}), "in the future"),
        (json!({"iat": NOW - 660}), "too old"),
    ] {
        match judged(&changes) {
            Err(CiError::Claims { what, .. }) => {
                assert!(what.contains(reason), "{changes}: {what}");
                assert!(what.contains("; "), "{changes}: {what}");
            }
            other => panic!("{changes}: {other:?}"),
        }
    }
}

#[test]
fn a_job_without_a_rule_is_told_its_own_claims_and_nothing_of_rules() {
    for changes in [
        json!({"ref": "refs/heads/evil"}),
        json!({"repository": "evil/watch"}),
        json!({"repository": "evil/watch", "ref": "refs/tags/v1"}),
        json!({"repository": "Acme/watch"}),
        json!({"repository": ["acme/watch"]}),
        json!({"repository": "acme/watch\n"}),
        json!({"repository": "acmee/b", "environment": "production"}),
        json!({"repository": null, "project_id": 7, "ref_protected": false}),
        json!({"repository": null}),
        json!({"ref": "refs/tags/a/b"}),
    ] {
        match judged(&changes) {
            Err(CiError::NoRule { what, .. }) => {
                for hidden in ["refs/tags/*", "production", "lab", "acme/*"] {
                    let own = changes.to_string().contains(hidden);
                    assert!(own || !what.contains(hidden), "{changes}: {what}");
                }
                assert!(!what.contains('\n'), "{what}");
            }
            other => panic!("{changes}: {other:?}"),
        }
    }
    let refused = judged(&json!({"repository": "evil/watch", "ref": "x".repeat(500)}));
    let text = refused.unwrap_err().to_string();
    let begins = "no rule of this host is for the job: it has no environment, it has no \
                  project_id, ref is \"xxx";
    assert!(text.starts_with(begins), "{text}");
    assert!(text.contains("it has no ref_protected, repository is \"evil/watch\"; ask"));
    assert!(text.len() < 600, "{text}");
}

#[test]
fn a_token_is_known_again_by_its_id_or_by_what_is_signed() {
    let once = |changes: &Value| judged(changes).unwrap().once;
    // Signatures on the curve differ each time.
    assert_eq!(once(&json!({})), once(&json!({})));
    assert_eq!(once(&json!({})), once(&json!({"sub": "b"})));
    assert_ne!(once(&json!({})), once(&json!({"jti": "2"})));
    let none = json!({"jti": null});
    assert_eq!(once(&none), once(&none));
    assert_ne!(once(&none), once(&json!({"jti": null, "sub": "b"})));
}

#[tokio::test]
async fn what_is_not_proven_gets_one_word() {
    let signer = Signer::p256();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    std::fs::write(
        &file,
        json!({"keys": [signer.jwk("a"), Signer::rsa().jwk("a")]}).to_string(),
    )
    .unwrap();
    let hub = CiIssuer {
        keys: CiKeys::File(file),
        algorithms: vec![CiAlgorithm::Es256],
        ..issuer()
    };
    let settings = BTreeMap::from([("hub".to_owned(), hub)]);
    let issuers = CiIssuers::default();
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let header = json!({"alg": "ES256", "kid": "a"});
    let good = signer.sign(&header, &claims(&json!({})));
    assert_eq!(
        issuers.prove(&settings, &good, now).await.unwrap().team,
        "main"
    );
    let other = claims(&json!({"iss": "https://ci.example/"}));
    let rsa = Signer::rsa().sign(&json!({"alg": "RS256", "kid": "a"}), &claims(&json!({})));
    for (what, token) in [
        ("another issuer", signer.sign(&header, &other)),
        (
            "another key",
            Signer::p256().sign(&header, &claims(&json!({}))),
        ),
        ("an algorithm that is not allowed", rsa),
        ("nothing", String::new()),
    ] {
        let refused = issuers.prove(&settings, &token, now).await;
        assert!(
            matches!(refused, Err(CiError::Unknown)),
            "{what}: {refused:?}"
        );
    }
    let none = issuers.prove(&BTreeMap::new(), &good, now).await;
    assert!(matches!(none, Err(CiError::Nothing)), "{none:?}");
}

#[test]
fn a_reload_keeps_the_keys_while_they_are_had_in_the_same_way() {
    let issuers = CiIssuers::default();
    let keyring = |hub: &CiIssuer| {
        let settings = BTreeMap::from([("hub".to_owned(), hub.clone())]);
        issuers.keyring(&settings, "hub", hub)
    };
    let first = keyring(&issuer());
    let with = |change: &dyn Fn(&mut CiIssuer)| {
        let mut changed = issuer();
        change(&mut changed);
        keyring(&changed)
    };
    let other_rules = with(&|it| {
        it.rules.truncate(1);
        it.audience = "https://other.example".to_owned();
        it.max_tokens = 7;
        it.algorithms.truncate(1);
    });
    assert!(Arc::ptr_eq(&first, &other_rules));
    let others: [&dyn Fn(&mut CiIssuer); 3] = [
        &|it| it.issuer = "https://other.example".to_owned(),
        &|it| it.keys = CiKeys::File("elsewhere".into()),
        &|it| it.keys_max_stale = Duration::from_secs(7200),
    ];
    for change in others {
        assert!(!Arc::ptr_eq(&first, &with(change)));
    }
}

#[test]
fn each_scope_of_the_configuration_is_one_of_teams() {
    for scope in crate::releases::Scope::ALL {
        let text = format!(
            "admin.tokens = true\n[releases.ci.x]\nissuer = \"https://x\"\naudience = \"x\"\n\
             keys-url = \"https://x\"\n[[releases.ci.x.rule]]\nclaims = {{ sub = \"repo:a/a\" }}\n\
             team = \"a\"\nbffs = \"a\"\nscopes = {:?}\n[bff.a]\nreleases = true\n[[route]]\n\
             bff = \"a\"\n",
            scope.name()
        );
        let config = crate::config::parse(&text, std::path::Path::new("x.toml")).unwrap();
        assert_eq!(config.releases.ci["x"].rules[0].scopes, [scope.name()]);
    }
}

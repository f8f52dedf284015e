//! A target of fuzzing: what anybody may send as the token of a CI system, and what a system may
//! answer that is asked for its keys.

use std::path::Path;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::key_set::Proof;
use super::*;
use crate::config;
use crate::text::assert_fit_for_a_log;

/// The time of this target, seconds.
const NOW: u64 = 1_800_000_000;
/// Length of a message: some claims of 120 bytes, escaped.
const MAX_MESSAGE: usize = 4_000;
/// Length of what is told of a set of keys.
const MAX_TOLD: usize = 50_000;

/// A CI system with rules of each kind.
static ISSUER: LazyLock<Option<CiIssuer>> = LazyLock::new(|| {
    let text = r#"
        admin.tokens = true
        [releases.ci.hub]
        issuer = "https://ci.example"
        audience = "https://tailor.example"
        keys-url = "https://ci.example/keys"
        [[releases.ci.hub.rule]]
        claims = { sub = "repo:acme/watch:ref:refs/heads/main" }
        team = "watch"
        bffs = "watch"
        scopes = "read"
        [[releases.ci.hub.rule]]
        claims = { sub = "repo:acme/watch:ref:refs/tags/*", ref_protected = "true" }
        team = "tags"
        bffs = "watch"
        scopes = "read"
        [bff.watch]
        releases = true
        [[route]]
        bff = "watch"
    "#;
    let config = config::parse(text, Path::new("fuzzing.toml")).ok()?;
    config.releases.ci.get("hub").cloned()
});

/// A header, claims, a set of keys and a signature, of which a token is made. What is taken of it
/// is what any other reader takes, a key proves nothing but what it signed, and a job that gets a
/// token is one that a rule is for.
pub fn ci_token(input: &[u8]) {
    let mut parts = input.splitn(4, |byte| *byte == 255);
    let mut part = || parts.next().unwrap_or_default();
    let (header, claims, keys, signature) = (part(), part(), part(), part());
    // As it comes: what is no text in base 64 is none.
    drop(Jwt::read(&String::from_utf8_lossy(header)));
    let keys = match KeySet::read(keys) {
        Ok(keys) => Some(keys),
        Err(error) => {
            assert_fit_for_a_log(&error.to_string(), MAX_MESSAGE);
            None
        }
    };
    if let Some(told) = keys.as_ref().and_then(KeySet::told) {
        assert_fit_for_a_log(&told, MAX_TOLD);
    }
    let text = token(header, claims, signature);
    let Some(jwt) = Jwt::read(&text) else { return };
    is_read_as_by_others(&jwt, header, claims);
    let is_proven = |text: &str| {
        let proof = Jwt::read(text).and_then(|jwt| Some(keys.as_ref()?.proves(&jwt)));
        proof == Some(Proof::Good)
    };
    if is_proven(&text) {
        // The same for every reader of JSON, and signed by nobody.
        let other = token(header, &[claims, b" "].concat(), signature);
        assert!(!is_proven(&other), "{text}");
    }
    judged(&jwt);
}

fn token(header: &[u8], claims: &[u8], signature: &[u8]) -> String {
    [header, claims, signature]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

fn is_read_as_by_others(jwt: &Jwt<'_>, header: &[u8], claims: &[u8]) {
    let read = |bytes: &[u8]| serde_json::from_slice::<Map<String, Value>>(bytes);
    let (header, claims) = (read(header), read(claims));
    assert!(header.is_ok() && claims.is_ok());
    let (Ok(header), Ok(claims)) = (header, claims) else {
        return;
    };
    assert!(!header.contains_key("crit"));
    assert!(["RS256", "ES256"].contains(&header["alg"].as_str().unwrap_or_default()));
    assert_eq!(
        header.get("kid").and_then(Value::as_str),
        jwt.kid.as_deref()
    );
    assert_eq!(jwt.claims, Claims(claims.into_iter().collect()));
}

/// What becomes of the job, were the token proven.
fn judged(jwt: &Jwt<'_>) {
    assert!(ISSUER.is_some(), "the configuration is one");
    let Some(issuer) = &*ISSUER else { return };
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let claims = &jwt.claims.0;
    match job("hub".to_owned(), issuer, jwt, now) {
        Err(error) => {
            assert_fit_for_a_log(&error.to_string(), MAX_MESSAGE);
            let who = error.who().map(|who| who.subject.as_str());
            assert_fit_for_a_log(who.unwrap_or_default(), MAX_MESSAGE);
        }
        Ok(job) => {
            let audience = Value::from(issuer.audience.as_str());
            let several = claims["aud"].as_array();
            assert!(claims["aud"] == audience || several.is_some_and(|it| it.contains(&audience)));
            let is_before = |name: &str, at: u64| {
                claims[name]
                    .as_f64()
                    .is_some_and(|seconds| seconds < at as f64)
            };
            let leeway = issuer.leeway.as_secs();
            assert!(!is_before("exp", NOW - leeway) && is_before("iat", NOW + leeway + 1));
            assert!(now < job.until && job.until <= job.known_until);
            let subject = claims["sub"].as_str().unwrap_or_default();
            let tag = subject.strip_prefix("repo:acme/watch:ref:refs/tags/");
            match job.team.as_str() {
                "watch" => assert_eq!(subject, "repo:acme/watch:ref:refs/heads/main"),
                _ => assert!(tag.is_some_and(|tag| !tag.is_empty() && !tag.contains(['/', ':']))),
            }
            assert_fit_for_a_log(&job.who.subject, MAX_MESSAGE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An input that is refused at once would show nothing of what comes behind.
    #[test]
    fn some_inputs_of_the_corpus_are_proven_jobs() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/ci_token");
        for (name, team) in [
            ("rsa", "watch"),
            ("ec", "watch"),
            ("alone", "watch"),
            ("tag", "tags"),
        ] {
            let input = std::fs::read(corpus.join(name)).unwrap();
            let parts: Vec<&[u8]> = input.splitn(4, |byte| *byte == 255).collect();
            let text = token(parts[0], parts[1], parts[3]);
            let jwt = Jwt::read(&text).unwrap();
            let keys = KeySet::read(parts[2]).unwrap();
            assert_eq!(keys.proves(&jwt), Proof::Good, "{name}");
            let issuer = ISSUER.as_ref().unwrap();
            let now = UNIX_EPOCH + Duration::from_secs(NOW);
            let job = job("hub".to_owned(), issuer, &jwt, now).unwrap();
            assert_eq!(job.team, team, "{name}");
        }
    }
}

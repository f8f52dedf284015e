//! A CI system: its key, what it signs, and how its keys are had.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// `iss` of its tokens.
pub const ISSUER: &str = "https://ci.example";
/// What they are for.
pub const AUDIENCE: &str = "https://tailor.example";

/// One key of a CI system.
pub struct Issuer {
    key: EcdsaKeyPair,
    kid: &'static str,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// This second, or one that far away.
pub fn seconds(away: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + away
}

impl Issuer {
    pub fn new(kid: &'static str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        Self { key, kid }
    }

    /// Its public key.
    pub fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.kid, "x": x, "y": y})
    }

    /// The set of this key alone.
    pub fn keys(&self) -> String {
        json!({"keys": [self.jwk()]}).to_string()
    }

    /// The token of a job on the main branch, with these changes: `null` takes a claim away.
    pub fn job(&self, changes: &Value) -> String {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.kid});
        self.token(&header, &claims(changes))
    }

    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let input = input(header, claims);
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes());
        format!("{input}.{}", encode(signature.unwrap().as_ref()))
    }

    /// A token that is signed with its public key as a secret, which everybody has.
    pub fn forged(&self) -> String {
        let input = input(
            &json!({"alg": "HS256", "kid": self.kid}),
            &claims(&json!({})),
        );
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.key.public_key().as_ref());
        let signature = hmac::sign(&secret, input.as_bytes());
        format!("{input}.{}", encode(signature.as_ref()))
    }
}

/// What is signed of a token.
pub fn input(header: &Value, claims: &Value) -> String {
    let (header, claims) = (header.to_string(), claims.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

/// The claims of a job on the main branch, each job with an id of its own.
pub fn claims(changes: &Value) -> Value {
    static JOBS: AtomicU64 = AtomicU64::new(0);
    let mut claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "repo:acme/page:ref:refs/heads/main",
        "jti": format!("job-{}", JOBS.fetch_add(1, Ordering::Relaxed)),
        "iat": seconds(-2),
        "nbf": seconds(-2),
        "exp": seconds(300),
        "repository": "acme/page",
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

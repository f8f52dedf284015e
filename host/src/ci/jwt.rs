//! The envelope of a token that a CI system signs: a JSON Web Token in the compact form of RFC 7515.
//!
//! Nothing that is read here is proven. Signatures and base 64 are those of libraries.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::config::CiAlgorithm;

/// Size of a token, bytes.
const MAX_JWT: usize = 8 << 10;

/// A token, in its parts.
pub(super) struct Jwt<'a> {
    pub(super) algorithm: CiAlgorithm,
    /// Which key signed it.
    pub(super) kid: Option<String>,
    pub(super) claims: Claims,
    /// What is signed.
    pub(super) input: &'a str,
    pub(super) signature: Vec<u8>,
}

/// The members of a JSON object, none of which is there twice: of two, readers take different ones.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Claims(pub(super) BTreeMap<String, Value>);

impl<'a> Jwt<'a> {
    /// Takes a token apart. `None` for what is none, or asks for something that is not known here.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        if text.len() > MAX_JWT {
            return None;
        }
        let (input, signature) = text.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let header: Claims = object(header)?;
        // What is critical has to be known (RFC 7515 section 4.1.11), and nothing is.
        if header.0.contains_key("crit") {
            return None;
        }
        let kid = match header.0.get("kid") {
            None => None,
            Some(kid) => Some(kid.as_str()?.to_owned()),
        };
        Some(Self {
            algorithm: CiAlgorithm::of(header.text("alg")?)?,
            kid,
            claims: object(claims)?,
            input,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

/// A part of a token. Of three parts, no one has a dot, which is no letter of base 64.
fn object(part: &str) -> Option<Claims> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Claims {
    /// A member that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Claims, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = from.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member is there twice"));
                    }
                }
                Ok(Claims(members))
            }
        }

        from.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(header), part(claims), part("signature"))
    }

    fn is_read(header: &str, claims: &str) -> bool {
        Jwt::read(&jwt(header, claims)).is_some()
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text = jwt(
            r#"{"alg": "ES256", "typ": "JWT", "kid": "a"}"#,
            r#"{"iss": "b"}"#,
        );
        let jwt = Jwt::read(&text).unwrap();
        assert_eq!(jwt.algorithm, CiAlgorithm::Es256);
        assert_eq!(jwt.kid.as_deref(), Some("a"));
        assert_eq!(jwt.claims.text("iss"), Some("b"));
        assert_eq!(jwt.signature, b"signature");
        assert!(text.starts_with(jwt.input));
        assert!(is_read(r#"{"alg": "RS256"}"#, "{}"));
    }

    #[test]
    fn what_is_not_known_or_not_clear_is_no_token() {
        for header in [
            r#"{"alg": "none"}"#,
            r#"{"alg": "None"}"#,
            r#"{"alg": "HS256"}"#,
            r#"{"alg": "RS512"}"#,
            r#"{"alg": "rs256"}"#,
            r#"{"alg": 1}"#,
            r#"{"alg": ["RS256"]}"#,
            r#"{"typ": "JWT"}"#,
            r#"{"alg": "RS256", "alg": "RS256"}"#,
            r#"{"alg": "RS256", "crit": ["exp"]}"#,
            r#"{"alg": "RS256", "crit": null}"#,
            r#"{"alg": "RS256", "kid": 1}"#,
            r#"{"alg": "RS256", "kid": null}"#,
            r#"["RS256"]"#,
            "",
        ] {
            assert!(!is_read(header, "{}"), "{header}");
        }
        let header = r#"{"alg": "RS256"}"#;
        for claims in [
            "",
            "[]",
            "1",
            r#"{"sub": "a", "sub": "b"}"#,
            r#"{"sub": "a", "su\u0062": "b"}"#,
            r#"{"sub": "a"} {}"#,
        ] {
            assert!(!is_read(header, claims), "{claims}");
        }
        let good = jwt(header, "{}");
        assert!(Jwt::read(&good).is_some());
        for bad in [
            format!("{good}="),
            format!("{good}.a"),
            format!(".{good}"),
            good.replace('.', ":"),
            format!("{good} "),
            format!(" {good}"),
            String::new(),
            "..".to_owned(),
            "a.b".to_owned(),
        ] {
            assert!(Jwt::read(&bad).is_none(), "{bad}");
        }
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(MAX_JWT * 3 / 4));
        assert!(!is_read(header, &long));
        // Without a signature, it has none that could be good.
        let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
        assert!(Jwt::read(&unsigned).is_none_or(|it| it.signature.is_empty()));
    }
}

//! The keys of a CI system: a JSON Web Key Set (RFC 7517), of which those are taken that can prove
//! what is taken here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::jwt::{Claims, Jwt};
use crate::config::CiAlgorithm;
use crate::object::Object;
use crate::text::cut;

/// Size of a set, bytes.
pub(super) const MAX_SET: usize = 64 << 10;
/// Keys of a set.
const MAX_KEYS: usize = 64;
/// Bits of the modulus of an RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Length of a coordinate on the curve P-256.
const COORDINATE: usize = 32;

/// Why a set of keys is of no use.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum KeySetError {
    /// It has another form.
    #[error("no JSON Web Key Set")]
    Form,
    /// It is too large.
    #[error("more than 64 keys")]
    TooMany,
}

/// Keys that can be used. There may be none: that is what an issuer says that took them back.
pub(super) struct KeySet {
    keys: Vec<Key>,
    /// The algorithms of which there is one key that a token without a `kid` can be of.
    alone: Vec<CiAlgorithm>,
    /// Which ones cannot, and why.
    pub(super) skipped: Vec<String>,
}

/// A public key.
#[derive(Clone, PartialEq, Eq)]
struct Key {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point, uncompressed.
    P256(Vec<u8>),
}

/// Whether a set proves a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It does.
    Good,
    /// A key of it says no.
    Bad,
    /// It has not the key.
    NoKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set.
    ///
    /// # Errors
    ///
    /// Why it is of no use.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, KeySetError> {
        let read = serde_json::from_slice(bytes).map_err(|_| KeySetError::Form);
        let Object(document): Object<Document> = read?;
        if document.keys.len() > MAX_KEYS {
            return Err(KeySetError::TooMany);
        }
        let (mut keys, mut skipped) = (Vec::<Key>::new(), Vec::new());
        for (index, member) in document.keys.into_iter().enumerate() {
            let Value::Object(members) = member else {
                skipped.push(format!("key {index}: it is no object"));
                continue;
            };
            let members = &Claims(members.into_iter().collect());
            let told = |why: &str| match members.text("kid") {
                Some(kid) => format!("key {index} ({}): {why}", cut(kid)),
                None => format!("key {index}: {why}"),
            };
            match key(members) {
                // The same key once more.
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(why) => skipped.push(told(why)),
            }
        }
        // Nobody can say which of two is meant.
        let is_twice = |key: &Key| {
            let same = |other: &&Key| other.kid == key.kid && other.algorithm() == key.algorithm();
            key.kid.is_some() && keys.iter().filter(same).count() > 1
        };
        let (twice, once): (Vec<Key>, Vec<Key>) = keys.iter().cloned().partition(is_twice);
        skipped.extend(twice.iter().filter_map(|key| {
            let kid = key.kid.as_deref()?;
            Some(format!("key ({}): its kid is there twice", cut(kid)))
        }));
        let count = |of: CiAlgorithm| keys.iter().filter(|key| key.algorithm() == of).count();
        let mut alone = vec![CiAlgorithm::Rs256, CiAlgorithm::Es256];
        alone.retain(|it| count(*it) == 1);
        Ok(Self {
            keys: once,
            alone,
            skipped,
        })
    }

    /// What to say of it: which keys are not used, or that none is there.
    pub(super) fn told(&self) -> Option<String> {
        self.told_of_none().or_else(|| {
            let skipped = self.skipped.join(", ");
            (!skipped.is_empty()).then(|| format!("some keys are not used: {skipped}"))
        })
    }

    /// What to say of a set without a key that can be used.
    pub(super) fn told_of_none(&self) -> Option<String> {
        match (self.keys.is_empty(), self.skipped.join(", ")) {
            (false, _) => None,
            (true, skipped) if skipped.is_empty() => Some("the set has no keys".to_owned()),
            (true, skipped) => Some(format!("the set has no key that can be used: {skipped}")),
        }
    }

    /// Whether a token is signed by one of these keys: that of its `kid`, or without one by the
    /// only key there is of its algorithm.
    pub(super) fn proves(&self, jwt: &Jwt<'_>) -> Proof {
        let fits = |key: &&Key| {
            key.algorithm() == jwt.algorithm
                && match &jwt.kid {
                    Some(_) => jwt.kid == key.kid,
                    None => self.alone.contains(&jwt.algorithm),
                }
        };
        let mut found = self.keys.iter().filter(fits);
        let (Some(key), None) = (found.next(), found.next()) else {
            return Proof::NoKey;
        };
        match key.proves(jwt) {
            true => Proof::Good,
            false => Proof::Bad,
        }
    }
}

impl Key {
    fn algorithm(&self) -> CiAlgorithm {
        match self.material {
            Material::Rsa { .. } => CiAlgorithm::Rs256,
            Material::P256(_) => CiAlgorithm::Es256,
        }
    }

    fn proves(&self, jwt: &Jwt<'_>) -> bool {
        let (input, signature) = (jwt.input.as_bytes(), &jwt.signature);
        let proven = match &self.material {
            Material::Rsa { modulus, exponent } => RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, input, signature),
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, signature)
            }
        };
        proven.is_ok()
    }
}

/// Reads a key, or says why it is not used.
fn key(members: &Claims) -> Result<Key, &'static str> {
    let is = |name: &str, wanted: &str| match members.0.get(name) {
        None => true,
        Some(value) => value == wanted,
    };
    if !is("use", "sig") {
        return Err("it is not for signatures");
    }
    let verifies = match members.0.get("key_ops") {
        None => true,
        Some(Value::Array(all)) => all.iter().any(|it| it == "verify"),
        Some(_) => false,
    };
    if !verifies {
        return Err("it is not for signatures");
    }
    let bytes = |name: &str| {
        let text = members.text(name).ok_or("a part is missing")?;
        let bytes = URL_SAFE_NO_PAD.decode(text);
        bytes.map_err(|_| "a part is not base64url")
    };
    let material = match members.text("kty") {
        Some("RSA") if is("alg", CiAlgorithm::Rs256.name()) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            check_rsa(&modulus, &exponent)?;
            Material::Rsa { modulus, exponent }
        }
        Some("EC") if is("alg", CiAlgorithm::Es256.name()) => {
            if members.text("crv") != Some("P-256") {
                return Err("it is on another curve than P-256");
            }
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != COORDINATE || y.len() != COORDINATE {
                return Err("it is no point of the curve P-256");
            }
            Material::P256([&[4], &*x, &*y].concat())
        }
        _ => return Err("it is for another algorithm than RS256 and ES256"),
    };
    let kid = match members.0.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str().ok_or("its kid is no text")?.to_owned()),
    };
    Ok(Key { kid, material })
}

/// Refuses keys that are weak or of an odd form, which the library would refuse for each token.
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), &'static str> {
    let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else {
        return Err("it has no modulus");
    };
    if *first == 0 || last % 2 == 0 {
        return Err("its modulus is none of RSA");
    }
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    if !RSA_BITS.contains(&bits) {
        return Err("its modulus has not from 2048 to 8192 bits");
    }
    let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
    let is_plain = (1..=4).contains(&exponent.len()) && exponent[0] != 0 && exponent != [1];
    match is_odd && is_plain {
        true => Ok(()),
        false => Err("its exponent is none of RSA"),
    }
}

#[cfg(test)]
mod tests;

//! Sets of keys: which are used, and what they prove.

use serde_json::json;

use super::super::tests::{Signer, encode};
use super::*;

fn set(keys: &Value) -> Result<KeySet, KeySetError> {
    KeySet::read(json!({"keys": keys}).to_string().as_bytes())
}

fn proof(set: &KeySet, token: &str) -> Proof {
    set.proves(&Jwt::read(token).unwrap())
}

#[test]
fn a_token_is_proven_by_its_key_alone() {
    let (rsa, p256, other) = (Signer::rsa(), Signer::p256(), Signer::p256());
    let keys = set(&json!([rsa.jwk("r"), p256.jwk("e"), other.jwk("o")])).unwrap();
    assert!(keys.skipped.is_empty(), "{:?}", keys.skipped);
    let claims = json!({"iss": "a"});
    let rs = |kid: &str| json!({"alg": "RS256", "kid": kid});
    let es = |kid: &str| json!({"alg": "ES256", "kid": kid});
    for (what, token, expected) in [
        ("RSA", rsa.sign(&rs("r"), &claims), Proof::Good),
        ("P-256", p256.sign(&es("e"), &claims), Proof::Good),
        (
            "the key of another kid",
            p256.sign(&es("o"), &claims),
            Proof::Bad,
        ),
        ("no such kid", p256.sign(&es("x"), &claims), Proof::NoKey),
        // The header says how it is signed, and the key how it proves: both have to agree.
        (
            "RS256 with a key of P-256",
            p256.sign(&rs("e"), &claims),
            Proof::NoKey,
        ),
        (
            "ES256 with a key of RSA",
            rsa.sign(&es("r"), &claims),
            Proof::NoKey,
        ),
        (
            "no kid and one key",
            rsa.sign(&json!({"alg": "RS256"}), &claims),
            Proof::Good,
        ),
        (
            "no kid and two keys",
            p256.sign(&json!({"alg": "ES256"}), &claims),
            Proof::NoKey,
        ),
    ] {
        assert_eq!(proof(&keys, &token), expected, "{what}");
    }
    for (signer, header) in [(&rsa, rs("r")), (&p256, es("e"))] {
        let good = signer.sign(&header, &claims);
        let parts: Vec<&str> = good.split('.').collect();
        let payload = encode(json!({"iss": "b"}).to_string());
        let tampered = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_eq!(proof(&keys, &tampered), Proof::Bad);
        let kid = header["kid"].as_str().unwrap();
        let header = json!({"alg": header["alg"], "kid": kid, "typ": "x"}).to_string();
        let tampered = format!("{}.{}.{}", encode(header), parts[1], parts[2]);
        assert_eq!(proof(&keys, &tampered), Proof::Bad);
        let unsigned = format!("{}.{}.", parts[0], parts[1]);
        assert_eq!(proof(&keys, &unsigned), Proof::Bad);
        let zeros = encode([0; 64]);
        let zeros = format!("{}.{}.{zeros}", parts[0], parts[1]);
        assert_eq!(proof(&keys, &zeros), Proof::Bad);
    }
}

#[test]
fn keys_that_are_weak_odd_or_for_something_else_are_skipped_with_a_reason() {
    let good = Signer::p256().jwk("good");
    let rsa = Signer::rsa().jwk("a");
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let without = |key: &Value, name: &str| {
        let mut key = key.clone();
        key.as_object_mut().unwrap().remove(name);
        key
    };
    let mut small = vec![0xff; 128];
    small[127] = 1;
    let mut nearly = vec![0xff; 256];
    nearly[0] = 0x7f;
    for (key, why) in [
        (with(&rsa, "use", json!("enc")), "not for signatures"),
        (with(&rsa, "use", Value::Null), "not for signatures"),
        (with(&rsa, "key_ops", json!(["sign"])), "not for signatures"),
        (with(&rsa, "key_ops", json!("verify")), "not for signatures"),
        (with(&rsa, "alg", json!("RS512")), "another algorithm"),
        (with(&rsa, "alg", json!("HS256")), "another algorithm"),
        (with(&rsa, "kty", json!("oct")), "another algorithm"),
        (
            json!({"kty": "oct", "k": "AAAA", "alg": "HS256"}),
            "another algorithm",
        ),
        (json!({}), "another algorithm"),
        (with(&rsa, "n", json!(encode(small))), "2048 to 8192"),
        (with(&rsa, "n", json!(encode(nearly))), "2048 to 8192"),
        (with(&rsa, "n", json!(encode([0xff; 1025]))), "2048 to 8192"),
        (with(&rsa, "n", json!("")), "no modulus"),
        (with(&rsa, "n", json!(encode([0xfe; 256]))), "none of RSA"),
        (with(&rsa, "n", json!("a+/=")), "base64url"),
        (without(&rsa, "e"), "missing"),
        (with(&rsa, "e", json!("AQ")), "exponent"),
        (with(&rsa, "e", json!("AAEAAQ")), "exponent"),
        (with(&rsa, "e", json!("Ag")), "exponent"),
        (with(&rsa, "e", json!("")), "exponent"),
        (with(&rsa, "kid", json!(7)), "kid"),
        (with(&good, "crv", json!("P-384")), "P-256"),
        (with(&good, "x", json!("AAAA")), "P-256"),
        (with(&good, "y", json!(encode([0; 33]))), "P-256"),
    ] {
        let read = set(&json!([good, key])).unwrap();
        assert_eq!(read.keys.len(), 1, "{key}");
        let told = read.skipped.join(", ");
        assert!(told.contains(why), "{key}: {told}");
    }
    let ops = with(&rsa, "key_ops", json!(["verify"]));
    assert_eq!(set(&json!([ops])).unwrap().keys.len(), 1);
    // One that is there twice is one. Of two with the same name, nobody knows which is meant.
    assert_eq!(set(&json!([good, good])).unwrap().keys.len(), 1);
    let twice = json!([rsa, Signer::p256().jwk("good"), good]);
    let read = set(&twice).unwrap();
    assert_eq!(read.keys.len(), 1);
    assert!(
        read.skipped[0].contains("there twice"),
        "{:?}",
        read.skipped
    );
    // A key of each kind may have one name.
    assert_eq!(
        set(&json!([rsa, Signer::p256().jwk("a")]))
            .unwrap()
            .keys
            .len(),
        2
    );
}

#[test]
fn what_is_no_set_is_refused_whole() {
    let good = Signer::p256().jwk("a");
    for text in ["[[]]", "", "{}", "[]", "null", r#"{"keys": {}}"#] {
        let refused = KeySet::read(text.as_bytes()).err();
        assert_eq!(refused, Some(KeySetError::Form), "{text}");
    }
    assert_eq!(
        set(&json!(vec![good; 65])).err(),
        Some(KeySetError::TooMany)
    );
    let nothing = set(&json!([{"kty": "OKP", "kid": "\u{1b}[2J"}])).unwrap();
    let told = nothing.told().unwrap();
    assert!(
        told.contains("another algorithm") && !told.contains('\u{1b}'),
        "{told}"
    );
    assert!(set(&json!([])).unwrap().keys.is_empty());
}

#[test]
fn an_odd_member_takes_no_other_key_away() {
    let good = Signer::p256();
    let odd = json!([1, null, "a", [], {"kty": ["EC"]}, good.jwk("good")]);
    let read = set(&odd).unwrap();
    assert_eq!((read.keys.len(), read.skipped.len()), (1, 5));
    let header = json!({"alg": "ES256", "kid": "good"});
    assert_eq!(proof(&read, &good.sign(&header, &json!({}))), Proof::Good);
}

#[test]
fn a_token_without_a_kid_is_of_the_only_key_that_was_published() {
    let (a, b, c) = (Signer::p256(), Signer::p256(), Signer::p256());
    let token = a.sign(&json!({"alg": "ES256"}), &json!({}));
    let alone = set(&json!([a.jwk("a"), a.jwk("a"), Signer::rsa().jwk("r")])).unwrap();
    assert_eq!(proof(&alone, &token), Proof::Good);
    // Two of the three have one name, and are not used.
    let three = set(&json!([a.jwk("a"), b.jwk("b"), c.jwk("b")])).unwrap();
    assert_eq!(three.keys.len(), 1);
    assert_eq!(proof(&three, &token), Proof::NoKey);
}

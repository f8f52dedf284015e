use minisign::{KeyPair, PublicKey as Public, SecretKey};

use super::*;

/// What version 0.11 of minisign wrote: a public key, and the signature of [`BYTES`] with
/// `-t "bff=watch commit=abc"`.
const KEY: &str = "RWQvRoDYFrYaMzdyUR389bBSpeqdoi/A1nEZ3jAfrX0cS3pXLnwNmzuT";
const SIGNATURE: &str = "untrusted comment: signature from minisign secret key
RUQvRoDYFrYaM68M1Q1WoZQKqfiCj2uSNznj+LyxRyykewpREXTe6nLlHKiz1NjiUT0ZBFBOBj0xzblBNZ3o26p/CMlryIsMYgE=
trusted comment: bff=watch commit=abc
0y9PweZZIXnBNvq51YNdhhrQZoc3B68rYLUrexujdyMYw5ugujxg1wqnP4t6bIsPFvvepGXW2A2UIjfX++b5Aw==
";
/// The same with `-l`.
const OF_THE_BYTES: &str = "untrusted comment: signature from minisign secret key
RWQvRoDYFrYaM8PLcSRTgn3zAYcJg1fn3fP8Su92IiQKW+E8jzYVEDSB53KHGXsJ6lqrtOFlZ8nq0Dm+M1eRKlOyjNozGOmrxgw=
trusted comment: bff=watch commit=abc
3YF86j7pdh5vvUHFp1FNZlgTOT6te4QYX8S8b9i47+e8l//mcakCkvOEhD1sThlaBaf5yfdzfOe3vvQtjypyCA==
";
const BYTES: &[u8] = b"the component";
/// The key of another person.
const OTHER: &str = "RWRkHI5oZ6AB8hPOLqO/6nZB77hKo+YPigDCW0gl6Z6ZLT6/pYFlV2/Z";

fn signers(keys: &[&str]) -> Vec<Signer> {
    keys.iter().map(|key| Signer::new(key).unwrap()).collect()
}

fn proven(text: &str) -> Result<Signed, SignatureError> {
    prove(text, BYTES, "watch", &signers(&[OTHER, KEY]))
}

/// A new key, and its line in the configuration.
fn key() -> (SecretKey, Public, String) {
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let line = pair.pk.to_base64();
    (pair.sk, pair.pk, line)
}

fn signed(comment: &str) -> Result<Signed, SignatureError> {
    let (secret, public, line) = key();
    let text = minisign::sign(Some(&public), &secret, BYTES, Some(comment), None);
    prove(
        &text.unwrap().into_string(),
        BYTES,
        "watch",
        &signers(&[&line]),
    )
}

#[test]
fn a_signature_of_minisign_names_its_key_as_minisign_prints_it() {
    let signed = proven(SIGNATURE).unwrap();
    assert_eq!(signed.signer, "331AB616D880462F");
    assert_eq!(signed.comment, "bff=watch commit=abc");
    // As an editor of another system saves it.
    let lines = SIGNATURE.replace('\n', "\r\n");
    assert_eq!(proven(&lines).unwrap(), signed);
}

#[test]
fn a_signature_of_other_bytes_another_comment_or_another_key_is_refused() {
    let id = signers(&[KEY])[0].id();
    let other = prove(SIGNATURE, b"another", "watch", &signers(&[KEY]));
    assert_eq!(other, Err(SignatureError::Changed(id)));
    // The comment has a signature of its own.
    let comment = SIGNATURE.replace("commit=abc", "commit=abd");
    assert_eq!(proven(&comment), Err(SignatureError::Changed(id)));
    let bff = SIGNATURE.replace("bff=watch", "bff=phone");
    let bff = prove(&bff, BYTES, "phone", &signers(&[KEY]));
    assert_eq!(bff, Err(SignatureError::Changed(id)));
    let other = prove(SIGNATURE, BYTES, "watch", &signers(&[OTHER]));
    let known = "F201A067688E1C64".to_owned();
    assert_eq!(other, Err(SignatureError::OtherKey { id, known }));
    // The number of a key is no proof of it.
    let mut forged = STANDARD.decode(OTHER).unwrap();
    forged[2..10].copy_from_slice(&STANDARD.decode(KEY).unwrap()[2..10]);
    let forged = STANDARD.encode(forged);
    let other = prove(SIGNATURE, BYTES, "watch", &signers(&[&forged]));
    assert_eq!(other, Err(SignatureError::Changed(id)));
    // Where two keys have one number, either may sign.
    let both = signers(&[&forged, KEY]);
    assert!(prove(SIGNATURE, BYTES, "watch", &both).is_ok());
}

#[test]
fn a_legacy_signature_is_told_from_an_unreadable_one() {
    assert_eq!(proven(OF_THE_BYTES), Err(SignatureError::Legacy));
    // What is signed stays unknown, whatever the algorithm says.
    let relabelled = OF_THE_BYTES.replace("\nRWQ", "\nRUQ");
    assert!(matches!(
        proven(&relabelled),
        Err(SignatureError::Changed(_))
    ));
    let relabelled = SIGNATURE.replace("\nRUQ", "\nRWQ");
    assert_eq!(proven(&relabelled), Err(SignatureError::Legacy));
    for text in ["", "\n", "a\nb\nc\nd\n", KEY, &SIGNATURE[90..]] {
        assert_eq!(proven(text), Err(SignatureError::Unreadable), "{text:?}");
    }
    let long = format!("{SIGNATURE}{}", "\n".repeat(MAX_SIZE));
    assert_eq!(proven(&long), Err(SignatureError::TooLong));
}

#[test]
fn a_comment_names_this_bff_once() {
    for comment in [
        "bff=watch",
        "  bff=watch",
        "release 7\tbff=watch  commit=abc ",
        "timestamp:1 file:watch.wasm bff=watch",
        "subbff=phone bff=watch BFF=phone",
    ] {
        assert_eq!(check_comment(comment, "watch"), Ok(()), "{comment:?}");
    }
    let none = || Err(SignatureError::NoBff("watch".to_owned()));
    for comment in ["", "bff", "BFF=watch", "commit=bff=watch", "bff:watch"] {
        assert_eq!(check_comment(comment, "watch"), none(), "{comment:?}");
    }
    for (comment, found) in [
        ("bff=phone", "phone"),
        ("bff=", ""),
        ("bff=watch,phone", "watch,phone"),
        ("bff=Watch", "Watch"),
        ("bff=watch\u{a0}x", "watch\u{a0}x"),
        ("bff=watch;", "watch;"),
    ] {
        let (found, bff) = (found.to_owned(), "watch".to_owned());
        let wanted = Err(SignatureError::OtherBff { found, bff });
        assert_eq!(check_comment(comment, "watch"), wanted, "{comment:?}");
    }
    for (comment, times) in [("bff=watch bff=phone", 2), ("bff=watch bff=watch bff=", 3)] {
        let wanted = Err(SignatureError::SeveralBffs(times));
        assert_eq!(check_comment(comment, "watch"), wanted, "{comment:?}");
    }
    for comment in ["bff=watch\r", "bff=watch\u{1b}[2J", "bff=watch \u{202e}x"] {
        let wanted = Err(SignatureError::Hidden);
        assert_eq!(check_comment(comment, "watch"), wanted, "{comment:?}");
    }
}

#[test]
fn what_is_signed_by_the_crate_is_proven_with_its_comment() {
    let comment = "bff=watch digest=abc é";
    assert_eq!(signed(comment).unwrap().comment, comment);
    assert!(matches!(
        signed("bff=phone"),
        Err(SignatureError::OtherBff { .. })
    ));
    assert!(matches!(signed("a=b"), Err(SignatureError::NoBff(_))));
}

#[test]
fn a_key_is_the_line_of_a_public_key_and_no_error_shows_a_secret() {
    let signer = Signer::new(KEY).unwrap();
    assert_eq!(signer.to_string(), KEY);
    assert_eq!(signer.id().to_string(), "331AB616D880462F");
    let (secret, ..) = key();
    let boxed = secret.to_box(None).unwrap().to_string();
    let secret = boxed.lines().nth(1).unwrap();
    assert_eq!(Signer::new(secret), Err(SignerError::Secret));
    assert!(!SignerError::Secret.to_string().contains(&secret[..10]));
    let whole = format!("untrusted comment: minisign public key\n{KEY}\n");
    let end = format!("{KEY} ");
    for text in ["", "RW", &whole, &end, &KEY[1..], &KEY.replace("RW", "RU")] {
        assert_eq!(Signer::new(text), Err(SignerError::Other), "{text:?}");
    }
}

#[test]
fn every_error_has_its_way_out() {
    let id = signers(&[KEY])[0].id();
    let (known, found, bff) = (String::new(), String::new(), "watch".to_owned());
    for error in [
        SignatureError::Missing,
        SignatureError::NotAsked(bff.clone()),
        SignatureError::TooLong,
        SignatureError::Unreadable,
        SignatureError::Legacy,
        SignatureError::OtherKey { id, known },
        SignatureError::Changed(id),
        SignatureError::Hidden,
        SignatureError::NoBff(bff.clone()),
        SignatureError::OtherBff { found, bff },
        SignatureError::SeveralBffs(2),
    ] {
        assert_eq!(error.to_string().matches("; ").count(), 1, "{error}");
    }
}

#[test]
fn hostile_texts_are_refused_and_end_nothing() {
    let mut random = fastrand::Rng::with_seed(7);
    let signers = signers(&[OTHER, KEY]);
    let pieces = [
        "\n",
        "\r\n",
        "=",
        "==",
        "trusted comment: ",
        "bff=",
        " ",
        "\u{0}",
        "é",
        "RWQ",
        "RUQ",
        "A",
    ];
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut text: Vec<char> = match random.bool() {
            true => SIGNATURE.chars().collect(),
            false => OF_THE_BYTES.chars().collect(),
        };
        for _ in 0..random.usize(1..4) {
            let from = random.usize(0..=text.len());
            let to = match random.u8(0..3) {
                0 => from,
                1 => (from + 1).min(text.len()),
                _ => random.usize(from..=text.len()),
            };
            let with: Vec<char> = pieces[random.usize(0..pieces.len())].chars().collect();
            text.splice(from..to, with);
        }
        let text: String = text.into_iter().collect();
        match prove(&text, BYTES, "watch", &signers) {
            // Nothing that is proven was changed: the first line and what follows the last do not
            // count.
            Ok(signed) => assert_eq!(signed.comment, "bff=watch commit=abc", "{text:?}"),
            Err(_) => refused += 1,
        }
        let _ = Signer::new(&text);
        let _ = check_comment(&text, "watch");
    }
    assert!(refused > 15_000, "{refused}");
}

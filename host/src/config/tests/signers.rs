//! The keys of those who may sign components.

use super::*;

const KEY: &str = "RWQvRoDYFrYaMzdyUR389bBSpeqdoi/A1nEZ3jAfrX0cS3pXLnwNmzuT";
const OTHER: &str = "RWRkHI5oZ6AB8hPOLqO/6nZB77hKo+YPigDCW0gl6Z6ZLT6/pYFlV2/Z";

#[test]
fn signers_are_read_as_they_are_written() {
    let config = load_golden("maximal").unwrap_or_else(|error| panic!("{error}"));
    let signers: Vec<String> = config.bffs["phone"]
        .signers
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(signers, [KEY, OTHER]);
}

#[test]
fn a_secret_key_in_place_of_a_public_one_is_in_no_message() {
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let boxed = pair.sk.to_box(None).unwrap().to_string();
    let secret = boxed.lines().nth(1).unwrap();
    let file = format!("[bff.a]\nreleases = true\nsigners = [\"{secret}\"]\n");
    let error = parse_here(&file).unwrap_err().to_string();
    assert!(error.contains("this is a secret key"), "{error}");
    assert!(!error.contains(&secret[..12]), "{error}");
}

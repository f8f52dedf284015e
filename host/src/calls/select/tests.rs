mod agreement;
mod columns;
mod documents;
mod hostile;

use super::*;

fn select(pointers: &[&str]) -> Selection {
    parse(pointers).unwrap()
}

fn parse(pointers: &[&str]) -> Result<Selection, SelectError> {
    Selection::parse(
        &pointers
            .iter()
            .map(|&pointer| pointer.to_owned())
            .collect::<Vec<_>>(),
    )
}

/// The text at each pointer.
fn pick(body: &str, pointers: &[&str]) -> Vec<Option<String>> {
    select(pointers).pick(body.as_bytes()).unwrap()
}

/// The text at one pointer.
fn at(body: &str, pointer: &str) -> Option<String> {
    pick(body, &[pointer]).remove(0)
}

fn fault(body: impl AsRef<[u8]>) -> PickError {
    select(&["/a"]).pick(body.as_ref()).unwrap_err()
}

#[test]
fn the_examples_of_rfc_6901_section_5() {
    let document = r#"{
        "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
    }"#;
    let expected = [
        ("", document),
        ("/foo", r#"["bar", "baz"]"#),
        ("/foo/0", r#""bar""#),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ];
    for (pointer, text) in expected {
        assert_eq!(at(document, pointer).as_deref(), Some(text), "{pointer}");
    }
    let together = pick(document, &expected.map(|(pointer, _)| pointer));
    assert_eq!(together, expected.map(|(_, text)| Some(text.to_owned())));
}

#[test]
fn escapes_are_decoded_in_one_step() {
    assert_eq!(at(r#"{"/":1,"~1":2}"#, "/~01").as_deref(), Some("2"));
    assert_eq!(at(r#"{"~":{"/~":3}}"#, "/~0/~1~0").as_deref(), Some("3"));
}

#[test]
fn a_numeric_token_is_an_index_or_a_name_as_the_document_has_it() {
    assert_eq!(at("[10,11]", "/1").as_deref(), Some("11"));
    assert_eq!(at(r#"{"1":"x"}"#, "/1").as_deref(), Some(r#""x""#));
    assert_eq!(
        pick(r#"[{"0":1},[2]]"#, &["/0/0", "/1/0"]),
        [Some("1".to_owned()), Some("2".to_owned())]
    );
    assert_eq!(
        pick(r#"{"01":1,"-":2,"+1":3}"#, &["/01", "/-", "/+1"])
            .iter()
            .flatten()
            .count(),
        3
    );
}

#[test]
fn only_canonical_indices_name_elements() {
    for pointer in [
        "/01",
        "/00",
        "/-",
        "/-1",
        "/+1",
        "/1e0",
        "/ 1",
        "/1 ",
        "/",
        "/٣",
        "/2",
        "/18446744073709551617",
    ] {
        assert_eq!(at("[0,1]", pointer), None, "{pointer}");
    }
    assert_eq!(at("[[],[7]]", "/1/0").as_deref(), Some("7"));
    let eleven: Vec<String> = (0..11).map(|index| format!("/{index}")).rev().collect();
    let picked = Selection::parse(&eleven)
        .unwrap()
        .pick(b"[0,1,2,3,4,5,6,7,8,9,10]")
        .unwrap();
    assert_eq!(
        picked,
        (0..11)
            .rev()
            .map(|index| Some(index.to_string()))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_token_into_a_scalar_or_past_the_end_is_missing() {
    for body in [
        "1",
        "1e999",
        "\"a\"",
        "null",
        "true",
        "{}",
        "[]",
        r#"{"a":1e999}"#,
        r#"{"a":"b"}"#,
        r#"{"a":[]}"#,
    ] {
        assert_eq!(
            pick(body, &["/a/b", "/0", "/a/0"]),
            [None, None, None],
            "{body}"
        );
    }
    assert_eq!(at(r#"{"a":null}"#, "/a").as_deref(), Some("null"));
}

#[test]
fn the_text_is_as_it_was_sent_without_the_space_around_it() {
    let body = "\r\n\t { \"a\" :\t[ 1.10 , -0e+5 ] \n, \"b\":\"\\u00e9é\\ud83d\\ude00\" } \n";
    assert_eq!(at(body, "/a").as_deref(), Some("[ 1.10 , -0e+5 ]"));
    assert_eq!(at(body, "/a/0").as_deref(), Some("1.10"));
    assert_eq!(at(body, "/a/1").as_deref(), Some("-0e+5"));
    assert_eq!(
        at(body, "/b").as_deref(),
        Some("\"\\u00e9é\\ud83d\\ude00\"")
    );
    assert_eq!(at(body, "").as_deref(), Some(body.trim()));
}

#[test]
fn names_are_compared_decoded() {
    assert_eq!(at(r#"{"a\u0062":1}"#, "/ab").as_deref(), Some("1"));
    assert_eq!(
        at(
            r#"{"\ud83d\ude00":{"\"\\\/\b\f\n\r\t":2}}"#,
            "/😀/\"\\~1\u{8}\u{c}\n\r\t"
        )
        .as_deref(),
        Some("2")
    );
    assert_eq!(at(r#"{"ab":1}"#, "/a\\u0062"), None);
    assert_eq!(at(r#"{"é":1}"#, "/é").as_deref(), Some("1"));
    // Not normalised: the precomposed letter and the pair are different names.
    assert_eq!(at("{\"e\u{301}\":1}", "/é"), None);
}

#[test]
fn a_lone_surrogate_is_passed_on_in_a_value_and_matches_no_token_as_a_name() {
    let body = r#"{"\ud800":1,"b":"\udc00","c":{"\ud83d":2}}"#;
    assert_eq!(at(body, "/b").as_deref(), Some(r#""\udc00""#));
    assert_eq!(at(body, "/c").as_deref(), Some(r#"{"\ud83d":2}"#));
    assert_eq!(pick(body, &["/\u{fffd}", "/c/\u{fffd}"]), [None, None]);
}

#[test]
fn the_last_member_of_a_name_counts() {
    assert_eq!(at(r#"{"a":1,"a":2}"#, "/a").as_deref(), Some("2"));
    assert_eq!(at(r#"{"a":1,"\u0061":2}"#, "/a").as_deref(), Some("2"));
    let body = r#"{"a":{"b":1,"c":[2]},"a":{"c":3}}"#;
    assert_eq!(
        pick(body, &["/a/b", "/a/c", "/a/c/0", "/a"]),
        [None, Some("3".into()), None, Some(r#"{"c":3}"#.into())]
    );
    assert_eq!(at(r#"{"a":{"b":{"c":1}},"a":0}"#, "/a/b/c"), None);
}

#[test]
fn equal_and_overlapping_pointers_are_each_answered() {
    let body = r#"{"a":{"b":[1,2]}}"#;
    let picked = pick(body, &["/a/b/1", "/a", "", "/a/b", "/a/b/1"]);
    assert_eq!(
        picked,
        ["2", r#"{"b":[1,2]}"#, body, "[1,2]", "2"].map(|text| Some(text.to_owned()))
    );
}

#[test]
fn no_pointer_picks_nothing_but_still_checks() {
    assert!(select(&[]).is_empty());
    assert_eq!(select(&[]).pick(b"{}"), Ok(Vec::new()));
    assert!(select(&[]).pick(b"{").is_err());
    assert_eq!(select(&["/a", "/b"]).len(), 2);
}

#[test]
fn a_pointer_that_cannot_be_used_is_named() {
    let message = |pointers: &[&str]| parse(pointers).unwrap_err().to_string();
    assert_eq!(
        message(&["/ok", "steps"]),
        r#"pointer "steps" must be empty or begin with `/`"#
    );
    assert_eq!(
        message(&["#/steps"]),
        r##"pointer "#/steps" must be empty or begin with `/`"##
    );
    assert_eq!(
        message(&["/a~"]),
        r#"pointer "/a~" has a `~` that is not followed by `0` or `1` at byte 2"#
    );
    assert_eq!(
        message(&["/~0~2"]),
        r#"pointer "/~0~2" has a `~` that is not followed by `0` or `1` at byte 3"#
    );
    assert_eq!(
        message(&["/~/0"]),
        r#"pointer "/~/0" has a `~` that is not followed by `0` or `1` at byte 1"#
    );
    assert_eq!(
        message(&["a\nb"]),
        r#"pointer "a\nb" must be empty or begin with `/`"#
    );
}

#[test]
fn the_limits_are_exact() {
    assert!(parse(&["/a"; MAX_POINTERS]).is_ok());
    assert_eq!(
        parse(&["/a"; MAX_POINTERS + 1]).unwrap_err().to_string(),
        "65 pointers are too many, at most 64 are allowed"
    );
    let long = format!("/{}", "é".repeat(MAX_POINTER_SIZE / 2 - 1));
    assert!(parse(&[&long, &format!("{long}x")]).is_ok());
    let error = parse(&[&format!("{long}é")]).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "pointer \"/{}\"… has 1025 bytes, at most 1024 are allowed",
            "é".repeat(63)
        )
    );
    assert!(parse(&[&"/".repeat(MAX_TOKENS)]).is_ok());
    assert!(matches!(
        parse(&[&"/".repeat(MAX_TOKENS + 1)]),
        Err(SelectError::TooDeep { count: 33, .. })
    ));
}

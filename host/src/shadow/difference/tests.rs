use http::HeaderValue;

use super::*;

fn told_with(live: &str, candidate: &str, values: bool) -> Vec<String> {
    let headers = HeaderMap::new();
    let whole = |body| Answer::Whole {
        status: 200,
        headers: &headers,
        body,
    };
    let found = compare(whole(live.as_bytes()), whole(candidate.as_bytes()), values);
    let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "-".to_owned());
    let all = found.all.iter().map(|((place, kind), example)| {
        let Place::Body(pointer) = place else {
            panic!("{place:?}");
        };
        let (live, candidate) = (text(&example.live), text(&example.candidate));
        format!("{pointer} {}: {live} -> {candidate}", kind.name())
    });
    all.collect()
}

fn told(live: &str, candidate: &str) -> Vec<String> {
    told_with(live, candidate, false)
}

#[test]
fn each_place_is_told_once_by_its_pointer_and_without_values() {
    let live = r#"{"id":"anna","days":[{"steps":1,"at":"x"},{"steps":2,"at":"y"}],"gone":true,
                   "n":1.0,"same":[1,{"a":null}]}"#;
    let candidate = r#"{"id":"anneliese","days":[{"steps":"1","at":"x"},{"steps":3,"at":"z"},{}],
                   "n":1,"same":[1,{"a":null}],"new":[]}"#;
    assert_eq!(
        told(live, candidate),
        [
            "/days/* added: - -> object of 0",
            "/days/*/at changed: string of 1 -> string of 1",
            "/days/*/steps changed: number -> number",
            "/days/*/steps type: number -> string of 1",
            "/gone missing: boolean -> -",
            "/id changed: string of 4 -> string of 9",
            "/new added: - -> array of 0",
        ]
    );
    let with_values = told_with(r#"{"id":"anna"}"#, r#"{"id":7}"#, true);
    assert_eq!(with_values, [r#"/id type: "anna" -> 7"#]);
    assert_eq!(told("{\"a\": 1}", "{ \"a\" : 1 }"), [""; 0]);
}

#[test]
fn names_that_may_be_data_are_not_told() {
    for (name, step) in [
        ("firstName", "firstName"),
        ("line_1", "line_1"),
        ("2026-11-28", "*"),
        ("anna@example.com", "*"),
        ("Anna Bell", "*"),
        ("u00471", "*"),
        ("", "*"),
        ("a/b", "*"),
    ] {
        let body = |value: u8| format!("{{\"{name}\":{value}}}");
        let expected = format!("/{step} changed: number -> number");
        assert_eq!(told(&body(1), &body(2)), [expected], "{name}");
    }
    let map = |value: u8| {
        let members = (0..=MAX_MEMBERS).map(|it| {
            let letter = char::from(b'a' + (it % 26) as u8);
            format!("\"{}\":{value}", letter.to_string().repeat(1 + it / 26))
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    assert_eq!(told(&map(1), &map(2)), ["/* changed: number -> number"]);
}

#[test]
fn what_is_no_json_is_compared_as_a_whole() {
    assert_eq!(told("<p>1", "<p>22"), [" changed: 4 bytes -> 5 bytes"]);
    assert_eq!(told("{}", "<p>22"), [" type: JSON -> 5 bytes"]);
    assert_eq!(told("<p>", "<p>"), [""; 0]);
}

#[test]
fn what_is_hostile_is_bounded() {
    let many = |value: u32| {
        let name = |it: u32| {
            let letter = |it: u32| char::from(b'a' + (it % 26) as u8);
            [letter(it / 26), letter(it)].iter().collect::<String>()
        };
        let inner = |it: u32| {
            let members = (0..50).map(|it| format!("\"{}\":{value}", name(it)));
            format!(
                "\"{}\":{{{}}}",
                name(it),
                members.collect::<Vec<_>>().join(",")
            )
        };
        let members = (0..50).map(inner);
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    assert_eq!(told(&many(1), &many(2)).len(), MAX_PLACES);
    let deep = |value: u8| {
        let name = "n".repeat(40);
        let open = format!("{{\"{name}\":").repeat(100);
        format!("{open}{value}{}", "}".repeat(100))
    };
    let pointer = &told(&deep(1), &deep(2))[0];
    assert!(pointer.len() < 2 * MAX_POINTER, "{pointer}");
    let long = format!("\"\u{202e}{}\"", "x".repeat(100_000));
    let example = &told_with("1", &long, true)[0];
    assert!(
        example.len() < 300 && example.contains("\\u{202e}"),
        "{example}"
    );
}

#[test]
fn status_and_three_header_fields_are_compared_and_no_body_of_another_status() {
    let with = |name: HeaderName, value: &'static str| {
        let value = HeaderValue::from_static(value);
        HeaderMap::from_iter([(name, value)])
    };
    let (typed, other) = (
        with(CONTENT_TYPE, "text/html"),
        with(CACHE_CONTROL, "no-store"),
    );
    let whole = |status, headers, body| Answer::Whole {
        status,
        headers,
        body,
    };
    let (live, candidate) = (whole(200, &typed, b"1"), whole(404, &other, b"2"));
    let found = compare(live, candidate, false);
    let status = Example {
        live: Some("200".to_owned()),
        candidate: Some("404".to_owned()),
    };
    let expected = BTreeMap::from([((Place::Status, Kind::Changed), status)]);
    assert_eq!(found.all, expected);

    let found = compare(live, whole(200, &other, b"1"), false);
    let none = Example::default();
    let expected = BTreeMap::from([
        ((Place::Header("content-type"), Kind::Missing), none.clone()),
        ((Place::Header("cache-control"), Kind::Added), none),
    ]);
    assert_eq!(found.all, expected);

    let failed = compare(live, Answer::Failed("bff-trap"), false);
    let example = failed.all.values().next().unwrap();
    assert_eq!(example.candidate.as_deref(), Some("bff-trap"));
    let same = compare(
        Answer::Failed("bff-trap"),
        Answer::Failed("bff-trap"),
        false,
    );
    assert!(same.all.is_empty());
}

#[test]
fn what_is_below_very_many_members_is_told_as_such() {
    let object = |value: u32, members: usize| {
        let members = (0..members).map(|nth| format!("\"label_{}\":1", letters(nth)));
        let members: Vec<String> = members.collect();
        format!("{{\"first\":{value},{}}}", members.join(","))
    };
    let headers = HeaderMap::new();
    for (members, is_coarse) in [(10, false), (2 * MAX_MEMBERS, true)] {
        let (one, other) = (object(1, members), object(2, members));
        let whole = |body| Answer::Whole {
            status: 200,
            headers: &headers,
            body,
        };
        let found = compare(whole(one.as_bytes()), whole(other.as_bytes()), false);
        assert_eq!((found.all.len(), found.is_coarse), (1, is_coarse));
    }
}

/// A number in letters: digits would look like data.
fn letters(number: usize) -> String {
    let letter = |it: usize| char::from(b'a' + u8::try_from(it % 26).unwrap());
    [letter(number / 26), letter(number)].iter().collect()
}

#[test]
fn a_very_large_body_is_compared_as_bytes() {
    let large = |end: &str| format!("[{}{end}]", "{},".repeat(MAX_JSON / 3));
    let told = told(&large("1"), &large("2"));
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with(" changed: "), "{told:?}");
}

#[test]
fn a_text_that_was_cut_in_a_character_is_compared_all_the_same() {
    let compare = |live: &str, candidate: &str| {
        let headers = HeaderMap::new();
        let whole = |body| Answer::Whole {
            status: 200,
            headers: &headers,
            body,
        };
        let found = compare(whole(live.as_bytes()), whole(candidate.as_bytes()), false);
        found.all.into_keys().collect::<Vec<_>>()
    };
    let pair = r#"{"a":"\ud83d\ude00","b":1}"#;
    for half in [
        r#"{"a":"\ud83d","b":1}"#,
        r#"{"a":"\ude00 \\ud83d","b":1}"#,
        r#"{"a":"x\ud83d\ud83d\ude00","b":1}"#,
    ] {
        let changed = (Place::Body("/a".to_owned()), Kind::Changed);
        assert_eq!(compare(pair, half), [changed], "{half}");
        let other = half.replace(":1", ":2");
        let changed = (Place::Body("/b".to_owned()), Kind::Changed);
        assert_eq!(compare(half, &other), [changed], "{half}");
    }
    // Each half is another one, in values and in names, and is told as it was written.
    let changed = |pointer: &str, kind| (Place::Body(pointer.to_owned()), kind);
    assert_eq!(
        compare(r#"{"a":"\ud83d"}"#, r#"{"a":"\ud83e"}"#),
        [changed("/a", Kind::Changed)]
    );
    let names = r#"{"\ud83d":1,"\ud83e":2}"#;
    assert_eq!(
        compare(names, &names.replace('2', "3")),
        [changed("/*", Kind::Changed)]
    );
    assert_eq!(
        told_with(r#"{"a":"x\ud83d"}"#, r#"{"a":"x\uDE00"}"#, true),
        [r#"/a changed: "x\ud83d" -> "x\ude00""#]
    );
    // What is escaped is no escape, and what has no end is no JSON.
    assert_eq!(without_halves(br#""\\ud83d""#), None);
    assert_eq!(
        compare(r#""\ud83"#, r#""\ud83d"#)[0].0,
        Place::Body(String::new())
    );
}

#[test]
fn a_mark_before_both_bodies_is_none_of_their_values() {
    let [one, other] = ["\u{feff}[1]", "\u{feff}[2]"];
    assert_eq!(told(one, other), ["/* changed: number -> number"]);
    // Where one alone has it, some readers take that one for no JSON.
    assert_eq!(told(one, "[1]"), [" type: 6 bytes -> JSON"]);
}

#[test]
fn an_object_whose_members_have_other_names_is_told_apart_from_one_that_lacks_some() {
    let maps = |live: &str, candidate: &str| {
        let headers = HeaderMap::new();
        let whole = |body| Answer::Whole {
            status: 200,
            headers: &headers,
            body,
        };
        let found = compare(whole(live.as_bytes()), whole(candidate.as_bytes()), false);
        Vec::from_iter(found.maps)
    };
    // Also where no name is told.
    assert_eq!(maps(r#"{"a":{"u7231":1}}"#, r#"{"a":{"u9912":1}}"#), ["/a"]);
    assert_eq!(maps(r#"{"a":{"x":1}}"#, r#"{"a":{}}"#), [""; 0]);
    assert_eq!(maps(r#"{"a":[1,2]}"#, r#"{"a":[3]}"#), [""; 0]);
}

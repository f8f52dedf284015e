//! Bodies of broken and of hostile services, and pointers of hostile BFFs.

use super::*;

#[test]
fn every_cut_of_a_document_is_truncated() {
    let body = r#" {"a":1,"b":[true,false,null,-1.5e+3,"é\n\u00e9"],"c":{"d":{}}}"#;
    assert_eq!(at(body, "/a").as_deref(), Some("1"));
    for size in 0..body.len() {
        assert_eq!(
            fault(&body.as_bytes()[..size]),
            PickError::Truncated { size },
            "{}",
            &body[..size.min(40)]
        );
    }
}

#[test]
fn faults_name_the_place() {
    let wrong = |at, size| PickError::NotJson { at, size };
    assert_eq!(fault(r#"{"a":1} x"#), wrong(8, 9));
    assert_eq!(fault(r#"{"a":1}{}"#), wrong(7, 9));
    // One mark in front is skipped, and counted.
    assert_eq!(at("\u{feff} {\"a\":1}", "/a").as_deref(), Some("1"));
    assert_eq!(fault("\u{feff}\u{feff}{}"), wrong(3, 8));
    assert_eq!(fault("\u{feff}"), PickError::Truncated { size: 3 });
    assert_eq!(fault("<html></html>"), wrong(0, 13));
    assert_eq!(fault("{\"a\":1}\0"), wrong(7, 8));
    assert_eq!(
        fault(b"{\"a\":\"\xff\"}"),
        PickError::NotUtf8 { at: 6, size: 9 }
    );
    assert_eq!(
        select(&["/b"]).pick(b"{\"a\":1,\"b\":\"\xed\xa0\x80\"}"),
        Err(PickError::NotUtf8 { at: 12, size: 17 })
    );
    assert_eq!(
        fault(r#"{"a":1} x"#).to_string(),
        "unexpected byte at 8 of 9"
    );
    assert_eq!(fault("").to_string(), "unexpected end after 0 bytes");
}

/// Texts that are almost JSON. Each is refused wherever it is read: alone, on the way to a value,
/// and as a value.
#[test]
fn almost_json_is_refused_where_it_is_read() {
    let words = r#"
        +1 - -a 01 -01 1. .5 1.e3 1e 1e+ 1E-x 0x10 1_000 NaN Infinity tru truE True nul nulll undefined 'a' "a "\ "\x"
        "\u12" "\u12g4" "\u" [ ] [1 [1, [1,] [,1] [1;2] [} { } {] {"b" {"b": {"b":1 {"b":1, {"b":1,} {,} {b:1} {'b':1}
        {"b"=1} {"b":1"c":2} {1:2} {null:1} {"b":} {"\x":1} [1]] {}} //c /**/1 1// [1,2} {"b":[}] [1}
    "#;
    let others = [
        "",
        "[1 2]",
        "{\"b\" 1}",
        "{\"b\":1 \"c\":2}",
        "\"\u{1}\"",
        "\"a\nb\"",
        "\"12345678\t\"",
    ];
    let spaces = [
        "\u{a0}1",
        "\u{b}1",
        "\u{feff}\u{feff}1",
        "1\u{0}",
        "\"\u{0}\"",
    ];
    for text in words.split_whitespace().chain(others).chain(spaces) {
        for (body, pointer) in [
            (text.to_owned(), ""),
            (format!("[{text}, 1]"), "/0"),
            (format!("[1, {text}]"), ""),
            (format!(r#"{{"a":{{"b":{text}}}}}"#), "/a/b"),
            (format!(r#"{{"a":1,"b":[{{"c":{text}}}]}}"#), "/b"),
            (format!(r#"{{"b":{text} }}"#), "/b"),
        ] {
            assert!(
                select(&[pointer]).pick(body.as_bytes()).is_err(),
                "{pointer:?} of {body}"
            );
        }
    }
}

#[test]
fn an_unselected_value_needs_only_its_end() {
    for skipped in [
        "[1 2,]",
        "{1:tru}",
        r#"[{"x" "y"}, "\x", "a]\\"]"#,
        "[[[]{}]]",
        "[\"\u{1}\"]",
    ] {
        let body = format!(r#"{{"skipped":{skipped},"a":7}}"#);
        assert_eq!(at(&body, "/a").as_deref(), Some("7"), "{body}");
    }
    for cut in ["[1, [2]", r#"["]"#, r#"{"x":"\"}"#, r#"[{"x":["#] {
        let body = format!(r#"{{"a":7,"skipped":{cut}"#);
        let size = body.len();
        assert_eq!(fault(&body), PickError::Truncated { size }, "{body}");
    }
    // A scalar is read all the same, and so is what stands between the members.
    for wrong in [
        r#"{"a":7,"b":tru}"#,
        r#"{"a":7,"b":[] "c":1}"#,
        r#"{"a":7,"b":[]]"#,
    ] {
        assert!(matches!(fault(wrong), PickError::NotJson { .. }), "{wrong}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let depth = 1 << 20;
    let run = move || {
        for (open, close, core) in [("[", "]", ""), (r#"{"a":"#, "}", "1")] {
            let nested = open.repeat(depth) + core + &close.repeat(depth);
            let pointers = ["", &"/0".repeat(MAX_TOKENS), &"/a".repeat(MAX_TOKENS)];
            assert_eq!(pick(&nested, &pointers[..1]), [Some(nested.clone())]);
            assert_eq!(pick(&nested, &pointers[1..]).iter().flatten().count(), 1);
            let cut = open.repeat(depth);
            for pointer in pointers {
                assert_eq!(
                    select(&[pointer]).pick(cut.as_bytes()),
                    Err(PickError::Truncated { size: cut.len() })
                );
            }
        }
    };
    // As little as a host call may find on a guest's fiber.
    std::thread::Builder::new()
        .stack_size(64 << 10)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn hostile_repetition_stays_linear() {
    // Every pointer passes through `/a`, which the document repeats a hundred thousand times.
    let tail = "/x".repeat(MAX_TOKENS - 2);
    let pointers: Vec<String> = (0..MAX_POINTERS)
        .map(|number| format!("/a/{number}{tail}"))
        .collect();
    let body = format!("{{{}\"b\":1}}", r#""a":{"0":[]},"#.repeat(100_000));
    let picked = Selection::parse(&pointers)
        .unwrap()
        .pick(body.as_bytes())
        .unwrap();
    assert_eq!(picked, vec![None; MAX_POINTERS]);
}

#[test]
fn overlap_is_bounded() {
    let body = format!("\"{}\"", "x".repeat(MAX_OVERLAP));
    let whole = |count| select(&vec![""; count]).pick(body.as_bytes());
    assert_eq!(whole(1).unwrap(), [Some(body.clone())]);
    assert_eq!(
        whole(3),
        Err(PickError::TooLarge {
            limit: body.len() + MAX_OVERLAP
        })
    );
}

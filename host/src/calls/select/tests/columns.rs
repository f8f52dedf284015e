//! The token `*`: columns of lists, as they should be and as hostile documents have them.

use super::*;

const DAYS: &str = r#" { "days" : [ {"date":"a", "steps": 1.10 },{"steps":null , "date":"b"}, {"date":"c"}, 7 ],
    "none": [], "one": {"steps": 5, "*": {"steps": 6}}, "*": [8] } "#;

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_column_has_an_item_for_each_element() {
    let expected = [
        ("/days/*/steps", some("[1.10,null,null,null]")),
        ("/days/*/date", some(r#"["a","b","c",null]"#)),
        ("/days/*/steps/0", some("[null,null,null,null]")),
        (
            "/days/*",
            some(r#"[{"date":"a", "steps": 1.10 },{"steps":null , "date":"b"},{"date":"c"},7]"#),
        ),
        ("/none/*", some("[]")),
        ("/none/*/steps", some("[]")),
    ];
    for (pointer, column) in &expected {
        assert_eq!(at(DAYS, pointer), *column, "{pointer}");
    }
    let together = pick(DAYS, &expected.each_ref().map(|(pointer, _)| *pointer));
    assert_eq!(together, expected.map(|(_, column)| column));
}

#[test]
fn what_is_no_list_has_no_column_and_a_star_is_a_name_in_an_object() {
    assert_eq!(at(DAYS, "/one/steps/*"), None);
    assert_eq!(at(DAYS, "/days/0/date/*"), None);
    assert_eq!(at(DAYS, "/absent/*/steps"), None);
    assert_eq!(at(DAYS, "/one/*/steps"), some("6"));
    assert_eq!(at(DAYS, "/one/*"), some(r#"{"steps": 6}"#));
    assert_eq!(at(DAYS, "/*"), some("[8]"));
    assert_eq!(at(DAYS, "/*/0"), some("8"));
}

#[test]
fn a_column_goes_with_the_list_and_its_neighbours() {
    let body = r#"{"a":[{"x":1,"y":[2]},{"x":3}],"b":4}"#;
    let pointers = ["/a", "/a/*/x", "/b", "/a/*/y/0", "/a/*/x"];
    let found = pick(body, &pointers);
    let list = r#"[{"x":1,"y":[2]},{"x":3}]"#;
    assert_eq!(found, [list, "[1,3]", "4", "[2,null]", "[1,3]"].map(some));
}

#[test]
fn the_last_of_equal_members_counts() {
    let body = r#"{"a":[{"x":1},{"x":2}],"a":[{"x":3,"x":4}]}"#;
    assert_eq!(at(body, "/a/*/x"), some("[4]"));
    assert_eq!(at(r#"{"a":[1,2],"a":5}"#, "/a/*"), None);
    assert_eq!(
        at(r#"{"a":[{"x":{"y":1},"x":2}]}"#, "/a/*/x/y"),
        some("[null]")
    );
}

#[test]
fn pointers_that_take_a_list_in_two_ways_are_refused() {
    let nested = parse(&["/a/*/b/*"]).unwrap_err().to_string();
    assert!(nested.contains("more than one `*`"), "{nested}");
    for pointers in [["/a/*/b", "/a/0"], ["/a/0", "/a/*/b"]] {
        let mixed = parse(&pointers).unwrap_err().to_string();
        assert!(mixed.contains("by `*` and by index"), "{mixed}");
    }
    // Other lists, and other tokens with a star.
    assert!(parse(&["/a/*/0", "/b/0", "/a/*/1", "/a/**", "/a/~0*"]).is_ok());
}

#[test]
fn every_cut_and_every_fault_in_a_column_is_found() {
    let body = r#"{"a":[{"x":1,"y":[]},{"x":"é"},7]}"#;
    assert_eq!(at(body, "/a/*/x"), some(r#"[1,"é",null]"#));
    let column = select(&["/a/*/x"]);
    for size in 0..body.len() {
        let cut = &body.as_bytes()[..size];
        assert_eq!(column.pick(cut), Err(PickError::Truncated { size }));
    }
    for wrong in [
        r#"{"a":[{"x":1} {"x":2}]}"#,
        r#"{"a":[{"x":1},]}"#,
        r#"{"a":[tru]}"#,
    ] {
        let found = column.pick(wrong.as_bytes());
        assert!(matches!(found, Err(PickError::NotJson { .. })), "{wrong}");
    }
    assert_eq!(
        column.pick(b"{\"a\":[{\"x\":\"\xff\"}]}"),
        Err(PickError::NotUtf8 { at: 12, size: 17 })
    );
}

#[test]
fn gaps_are_bounded() {
    // Two bytes an element, of which each column makes five.
    let elements = MAX_OVERLAP / 4;
    let body = format!("[{}1]", "1,".repeat(elements - 1));
    let limit = body.len() + MAX_OVERLAP;
    assert!(select(&["/*/a"]).pick(body.as_bytes()).is_ok());
    let pointers: Vec<String> = (0..MAX_POINTERS).map(|name| format!("/*/{name}")).collect();
    let found = Selection::parse(&pointers).unwrap().pick(body.as_bytes());
    assert_eq!(found, Err(PickError::TooLarge { limit }));
}

#[test]
fn columns_that_do_not_count_take_nothing_of_the_bound() {
    let list = format!("[{}1]", "1,".repeat(4096));
    let body = format!("{{{}\"a\":[1]}}", format!("\"a\":{list},").repeat(200));
    let picked = select(&["/a/*/x", "/a/*/y"]).pick(body.as_bytes());
    assert_eq!(picked.unwrap(), ["[null]", "[null]"].map(some));
}

//! Dates, numbers and texts as the host writes them, held to what Node's `Intl` writes with ICU.
//!
//! `golden/locale.json` has Node's texts, which `golden/locale.mjs` makes. What the host writes in
//! another way is in `golden/locale-differences.txt`; `docs/write/locales.md` has the causes.

mod cases;

use std::fmt::Write;

use serde_json::{Value, json};
use tailor::contract::{Client, Method, Payload, Request};
use tailor::locale::contract::ErrorKind;
use tailor::locale::{self, Caller};
use tailor_harness::{Offline, components};

use crate::bffs::typescript::componentized;
use crate::golden;
use cases::{Case, folded};

fn answered() -> Vec<(Case, String)> {
    let answered = |case: Case| {
        let answer = case.answer();
        (case, answer)
    };
    cases::all().into_iter().map(answered).collect()
}

#[test]
fn nine_in_ten_texts_are_those_of_node_and_the_others_are_known() {
    let all = answered();
    let unlike: Vec<_> = all
        .iter()
        .filter(|(case, answer)| folded(&case.text) != folded(answer))
        .collect();
    let mut lines = String::new();
    for (case, answer) in &unlike {
        let Case {
            what,
            locale,
            options,
            value,
            text,
        } = case;
        writeln!(lines, "{what} {locale} {options} {value}").unwrap();
        writeln!(lines, "    node {text:?}\n    host {answer:?}").unwrap();
    }
    golden::check("locale-differences.txt", &lines);
    assert!(all.len() >= 200, "{}", all.len());
    assert!(
        unlike.len() * 10 <= all.len(),
        "{} of {}",
        unlike.len(),
        all.len()
    );
}

#[tokio::test]
async fn a_component_in_typescript_writes_the_texts_of_the_host() {
    let component = Offline::from_bytes(&componentized("locale.ts").unwrap()).unwrap();
    let all = answered();
    for some in all.chunks(100) {
        let rows: Vec<_> = some.iter().map(|(case, _)| case.row()).collect();
        let texts = in_typescript(&component, &rows).await;
        let expected: Vec<&String> = some.iter().map(|(_, answer)| answer).collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), expected);
    }
}

/// What the component of `locale.ts` answers to these cases.
async fn in_typescript(component: &Offline, rows: &[Value]) -> Vec<String> {
    let request = Request {
        id: "locale".to_owned(),
        method: Method::Post,
        path: "/".to_owned(),
        query: Vec::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Payload::Text(serde_json::to_string(rows).unwrap()),
        client: Client {
            name: "test".to_owned(),
            host: "localhost".to_owned(),
        },
    };
    let invoked = component.again().ask(request).await;
    serde_json::from_slice(&invoked.result.unwrap().body).unwrap()
}

/// What `tests/guests/locale` asks for, line by line, as cases of `locale.ts`.
const LINES: [(&str, &str, &str); 12] = [
    (
        "date",
        r#"{"dateStyle":"full","timeStyle":"short","timeZone":"Europe/Berlin"}"#,
        "1784674740000",
    ),
    (
        "date",
        r#"{"dateStyle":"short","timeZone":"Asia/Tokyo"}"#,
        "1784674740000",
    ),
    ("number", "{}", "1234567.891"),
    ("number", r#"{"style":"percent"}"#, "0.256"),
    (
        "number",
        r#"{"style":"currency","currency":"EUR"}"#,
        "1234.5",
    ),
    ("number", r#"{"style":"unit","unit":"kilometer"}"#, "7.4"),
    ("relative", r#"{"unit":"day"}"#, "-3"),
    ("relative", r#"{"unit":"day","numeric":"auto"}"#, "1"),
    ("sorted-list", "{}", r#"["z","ä","a","Z"]"#),
    ("plural", "{}", "2"),
    ("name", r#"{"type":"region"}"#, r#""JP""#),
    ("upper", "{}", r#""istanbul""#),
];

#[tokio::test]
async fn a_component_in_rust_writes_the_texts_of_one_in_typescript() {
    let rust = Offline::from_file(&components::locale().unwrap()).unwrap();
    let typescript = Offline::from_bytes(&componentized("locale.ts").unwrap()).unwrap();
    let mut all: Vec<String> = cases::all().into_iter().map(|case| case.locale).collect();
    all.sort();
    all.dedup();
    assert!(all.len() >= 12, "{all:?}");
    for locale in all {
        let row = |(what, options, value): &(&str, &str, &str)| {
            let read = |text| serde_json::from_str::<Value>(text).unwrap();
            json!([what, locale, read(options), read(value), ""])
        };
        let rows: Vec<Value> = LINES.iter().map(row).collect();
        let mut expected = in_typescript(&typescript, &rows).await;
        expected.push("2026-07-22".to_owned());
        let answer = rust.get(&format!("/{locale}")).await.result.unwrap();
        let texts = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(texts.lines().collect::<Vec<_>>(), expected, "{locale}");
    }
}

#[test]
fn what_is_none_and_what_the_host_cannot_do_is_refused_with_a_way_out() {
    let caller = Caller {
        bff: "refused",
        formatters: 1,
    };
    let refused = locale::zone_at("Europe/Nowhere", 0).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::RangeError);
    assert!(
        refused.detail.contains("`Europe/Berlin`"),
        "{}",
        refused.detail
    );
    for text in ["", "1.2.3", "0x10", "1e9999", "--1", "one"] {
        let number = Case::new("number", "de", "{}");
        let refused = locale::format_number(caller, text, number.number()).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::RangeError, "{text}");
    }
    for (options, kind) in [
        (r#"{"style":"currency"}"#, ErrorKind::RangeError),
        (
            r#"{"style":"currency","currency":"EURO"}"#,
            ErrorKind::RangeError,
        ),
        (r#"{"style":"unit","unit":"parsec"}"#, ErrorKind::RangeError),
        (
            r#"{"style":"unit","unit":"liter-per-hour"}"#,
            ErrorKind::Unsupported,
        ),
        (
            r#"{"style":"unit","unit":"liter-per-parsec"}"#,
            ErrorKind::RangeError,
        ),
        (r#"{"minimumFractionDigits":200}"#, ErrorKind::RangeError),
    ] {
        let number = Case::new("number", "de", options).number();
        let refused = locale::format_number(caller, "1", number).unwrap_err();
        assert_eq!(refused.kind, kind, "{options}: {}", refused.detail);
    }
    for (tag, kind) in [
        ("not a tag", ErrorKind::RangeError),
        ("de-u-ca-buddhist", ErrorKind::Unsupported),
    ] {
        let date = Case::new("date", tag, "{}").date();
        let refused = locale::format_date(caller, 0, date).unwrap_err();
        assert_eq!(refused.kind, kind, "{tag}: {}", refused.detail);
    }
    let date = Case::new("date", "de", "{}").date();
    let refused = locale::format_date(caller, i64::MAX, date).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::RangeError, "{}", refused.detail);
    let many = vec![String::from("a"); 1_001];
    let list = Case::new("list", "de", "{}").list();
    assert!(locale::format_list(caller, &many[1..], list.clone()).is_ok());
    let refused = locale::format_list(caller, &many, list).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge, "{}", refused.detail);
    let tags = vec![String::from("de"); 17];
    let refused = locale::canonical_locales(&tags).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge, "{}", refused.detail);
}

#[test]
fn the_version_of_the_data_is_that_of_its_crates() {
    let lock = std::fs::read_to_string(components::root().join("Cargo.lock")).unwrap();
    let (_, after) = lock
        .split_once("name = \"icu_locale_data\"\nversion = \"")
        .unwrap();
    let (version, _) = after.split_once('"').unwrap();
    assert_eq!(tailor::locale::DATA, format!("ICU4X {version}"));
}

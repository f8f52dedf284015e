//! Dates, numbers and texts as the host writes them, held to what Node's `Intl` writes with ICU.
//!
//! `golden/locale.json` has Node's texts, which `golden/locale.mjs` makes. What the host writes in
//! another way is in `golden/locale-differences.txt`; `docs/write/locales.md` has the causes.

mod cases;

use std::fmt::Write;

use tailor::contract::{Client, Method, Payload, Request};
use tailor::locale::contract::ErrorKind;
use tailor::locale::{self, Caller};
use tailor_harness::Offline;

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
        let body = serde_json::to_string(&rows).unwrap();
        let request = Request {
            id: "locale".to_owned(),
            method: Method::Post,
            path: "/".to_owned(),
            query: Vec::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Payload::Text(body),
            client: Client {
                name: "test".to_owned(),
                host: "localhost".to_owned(),
            },
        };
        let invoked = component.again().ask(request).await;
        let response = invoked.result.unwrap();
        let texts: Vec<String> = serde_json::from_slice(&response.body).unwrap();
        let expected: Vec<&String> = some.iter().map(|(_, answer)| answer).collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), expected);
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
            r#"{"style":"unit","unit":"celsius"}"#,
            ErrorKind::Unsupported,
        ),
        (
            r#"{"style":"unit","unit":"kilometer-per-hour"}"#,
            ErrorKind::Unsupported,
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
    let many = vec![String::from("a"); 10_001];
    let list = Case::new("list", "de", "{}").list();
    let refused = locale::format_list(caller, &many, list).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge, "{}", refused.detail);
    let tags = vec![String::from("de"); 17];
    let refused = locale::canonical_locales(&tags).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::TooLarge, "{}", refused.detail);
}

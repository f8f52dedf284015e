//! What frontend engineers write by habit, in the engine of components: the answer, or the line of
//! the log.

use tailor::contract::{Method, Payload, Request};
use tailor_harness::{Offline, json};

use super::componentized;

/// For each path of `engine/habits.ts` what its answer is, or what the last line of its log has,
/// behind the level.
const ROWS: &[(&str, &str)] = &[
    ("await", "200 [51,52,\"late\"]"),
    ("rejected", "error Error: nobody handles it"),
    ("rejected-later", "error Error: after a call"),
    ("web", "200 [\"?b=1\",\"d=%C3%A9\",\"f\",0,32,\"i\"]"),
    ("now", "200 [true,true,true]"),
    ("locale", "200 1.234,5"),
    ("post", "201 {\"kg\":80,\"stored\":200}"),
    ("line", "error RangeError: 31 is not a month stack=failing "),
    ("line", "/test/engine/habits.ts:14:40 < first "),
    ("cause", "error TypeError: no date "),
    ("cause", " cause=RangeError: 31 is not a month (failing "),
    ("object", "error thrown object: { code: 7 }"),
    ("several", " errors=2: Error: one ("),
    (
        "payload",
        "error TypeError: fetch failed: downstream \"sleep\": not granted",
    ),
    ("payload", " kind=denied service=sleep"),
    (
        "plain",
        " returns an object, not a Response; return Response.json(value)",
    ),
    ("nothing", " returns nothing, not a Response"),
    ("status", "200 {}"),
    ("status-high", "error RangeError: "),
    ("emoji", "200 {\"title\":\"\\ud83d\"}"),
    ("number", "200 1"),
    ("many-lines", "error Error: after many lines stack="),
    ("rows", "200 []"),
];

#[tokio::test]
async fn each_habit_of_frontend_engineers_has_its_answer_or_its_line() {
    let component = componentized("habits.ts").unwrap();
    let offline = Offline::from_bytes(&component)
        .unwrap()
        .service("heart", |_| async { Ok(json(r#"{"bpm":51}"#)) });
    let mut wrong = Vec::new();
    for (path, expected) in ROWS {
        let shown = ask(&offline, path).await;
        if !shown.contains(expected) {
            wrong.push(format!("{path}: {expected:?} is not in {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Each request has random numbers of its own.
    let (one, other) = (ask(&offline, "chance").await, ask(&offline, "chance").await);
    assert_ne!(one, other);
}

/// What a habit leads to.
async fn ask(offline: &Offline, path: &str) -> String {
    let is_post = path == "post";
    let body = Payload::Text("{\"kg\":80}".to_owned());
    let request = Request {
        id: "habits".to_owned(),
        method: if is_post { Method::Post } else { Method::Get },
        path: format!("/{path}"),
        query: Vec::new(),
        headers: Vec::new(),
        body: if is_post { body } else { Payload::None },
        client: tailor::contract::Client {
            name: "habits".to_owned(),
            host: "localhost".to_owned(),
        },
    };
    let invoked = offline.ask(request).await;
    match invoked.result {
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body);
            format!("{} {body}", answer.status.as_u16())
        }
        Err(error) => {
            let Some(line) = invoked.log.last() else {
                return format!("no line: {error}");
            };
            let fields = line.fields.iter();
            let fields: String = fields.map(|(name, it)| format!(" {name}={it}")).collect();
            format!("{} {}{fields}", line.level, line.message)
        }
    }
}

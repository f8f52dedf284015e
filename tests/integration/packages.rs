//! Packages of npm in the engine of components: what `tests/npm` answers with them, byte for byte
//! as in Node.

use std::process::Command;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;
use tailor::build::{BuildOptions, build};
use tailor::fixture::Fixture;
use tailor_harness::{Offline, components};

/// The files with requests. What packages take from `Intl` is in `intl.json`.
const REQUESTS: [&str; 2] = ["requests.json", "intl.json"];

/// Fields that the host sets itself, and takes from no answer.
const HOSTS: [&str; 3] = ["content-length", "transfer-encoding", "x-request-id"];

/// What Node answers.
#[derive(Deserialize)]
struct Expected {
    status: u16,
    headers: Vec<(String, String)>,
    /// In hexadecimal digits.
    body: String,
}

#[tokio::test]
async fn packages_of_npm_answer_in_a_component_as_in_node() {
    let folder = components::root().join("tests/npm");
    let mut said = Vec::new();
    let built = build(&folder, &BuildOptions::from_env(), &mut |line| {
        said.push(line.to_owned());
    });
    let built = built.unwrap();
    assert!(!said.iter().any(|line| line.contains("engine")), "{said:?}");
    let answered = Command::new("node")
        .arg("run.mjs")
        .args(REQUESTS)
        .current_dir(&folder)
        // The time zone of a component.
        .env("TZ", "UTC")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&answered.stderr).into_owned();
    assert!(answered.status.success(), "{printed}");
    let expected: Vec<Expected> = serde_json::from_slice(&answered.stdout).unwrap();
    let requests: Vec<serde_json::Value> = REQUESTS
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap()
        })
        .collect();
    assert!(requests.len() > 90 && requests.len() == expected.len());

    let component = Offline::from_file(&built.component).unwrap();
    let mut wrong = Vec::new();
    for (request, expected) in requests.iter().zip(&expected) {
        let fixture = Arc::new(Fixture::parse(&request.to_string(), "requests").unwrap());
        let offline = component.again().fixture(&fixture).unwrap();
        let invoked = offline.ask(fixture.request().unwrap()).await;
        let request = &request["request"];
        let answer = match &invoked.result {
            Ok(answer) => answer,
            Err(error) => {
                wrong.push(format!("{request}: {error}: {:?}", invoked.log));
                continue;
            }
        };
        let body: String = answer.body.iter().map(|it| format!("{it:02x}")).collect();
        let given = (answer.status.as_u16(), fields(&answer.headers), body);
        let mut headers: Vec<_> = expected.headers.iter().map(field).collect();
        headers.retain(|(name, _)| !HOSTS.contains(&name.as_str()));
        headers.sort();
        let expected = (expected.status, headers, expected.body.clone());
        if given != expected {
            wrong.push(format!(
                "{request}:\n{}\n{}",
                shown(&given),
                shown(&expected)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong (the component, then Node):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Status, fields and body.
type Answer = (u16, Vec<(String, String)>, String);

fn shown((status, headers, body): &Answer) -> String {
    let bytes: Vec<u8> = (0..body.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&body[at..at + 2], 16).unwrap())
        .collect();
    format!("{status} {headers:?} {}", String::from_utf8_lossy(&bytes))
}

fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let pairs = headers
        .iter()
        .map(|(name, value)| field(&(name.to_string(), text(value))));
    let mut fields: Vec<_> = pairs.collect();
    fields.sort();
    fields
}

/// A field without what was measured: `total;dur=1.25` is `total;dur=`.
fn field((name, value): &(String, String)) -> (String, String) {
    if name != "server-timing" {
        return (name.clone(), value.clone());
    }
    let parts: Vec<_> = value
        .split("dur=")
        .map(|part| part.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.'))
        .collect();
    (name.clone(), parts.join("dur="))
}

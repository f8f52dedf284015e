//! The kit for TypeScript in the engine of components: the same as in Node, and a line of the
//! author's for whatever goes wrong.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tailor::build::{BuildOptions, build};
use tailor::fixture::Fixture;
use tailor_harness::{Offline, components};

/// A module of the kit's own tests as a component; or what the build says against it. It is built
/// again by a later run of the tests only if something of it has changed.
pub(crate) fn componentized(module: &str) -> Result<Vec<u8>, String> {
    // Building it installs what is needed here.
    components::example("partner").unwrap();
    let root = components::root();
    let at = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("engine")
        .join(module);
    let folder = at.join("bff");
    std::fs::create_dir_all(&folder).unwrap();
    let modules = root.join("bffs/partner/node_modules");
    if let Err(error) = std::os::unix::fs::symlink(modules, at.join("node_modules")) {
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists, "{error}");
    }
    // Another test may be building it.
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|before| before == text.as_bytes()) {
            return;
        }
        let unfinished = tempfile::NamedTempFile::new_in(&at).unwrap();
        std::fs::write(&unfinished, text).unwrap();
        unfinished.persist(path).unwrap();
    };
    // The module as it stands, so that its stacks name it.
    let entry = root.join("bffs/kit-ts/test/engine").join(module);
    let text = std::fs::read_to_string(&entry).unwrap();
    let is_app = text.contains("export default");
    let name = if is_app { "default" } else { "handler" };
    let exports = format!("export {{ {name} }} from {};\n", json!(entry));
    write("main.js", exports);
    let manifest = json!({
        "name": "bff",
        "private": true,
        "type": "module",
        "tailor": {"entry": "main.js", "wit": root.join("wit")},
    });
    write("package.json", manifest.to_string());
    let built = build(&folder, &BuildOptions::default(), &mut |_| ());
    match built {
        Ok(built) => Ok(std::fs::read(built.component).unwrap()),
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
    }
}

/// A module of the kit's own tests in its component, which answers as it does in Node.
async fn as_in_node(name: &str) -> Offline {
    let component = componentized(&format!("{name}.ts")).unwrap();
    let file = format!("bffs/kit-ts/test/engine/{name}.json");
    let fixture = Fixture::read(&components::root().join(file)).unwrap();
    let fixture = Arc::new(fixture);
    let offline = Offline::from_bytes(&component).unwrap();
    let fixed = offline.again().fixture(&fixture).unwrap();
    fixed.check(&fixture).await.unwrap();
    offline
}

#[tokio::test]
async fn what_a_typescript_bff_has_in_node_and_in_its_component_is_the_same() {
    as_in_node("names").await;
}

#[tokio::test]
async fn clock_and_chance_in_typescript_are_the_hosts() {
    let offline = as_in_node("clock").await;
    // Without a fixture, each request has its own.
    let (one, other) = (offline.get("/").await, offline.get("/").await);
    let body = |invoked: tailor::invoke::Invoked| -> serde_json::Value {
        serde_json::from_slice(&invoked.result.unwrap().body).unwrap()
    };
    let (one, other) = (body(one), body(other));
    for number in 0..3 {
        assert_ne!(one[3][number], other[3][number], "{one}");
    }
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let age = now.as_secs() - one[0][0].as_u64().unwrap() / 1000;
    assert!(age < 3600, "{one}");
}

#[tokio::test]
async fn an_answer_of_the_wrong_form_has_its_line_in_typescript() {
    let component = componentized("answers.ts").unwrap();
    let offline = Offline::from_bytes(&component).unwrap();
    let listed = offline.get("/").await.result.unwrap();
    let expected: Vec<(String, String)> = serde_json::from_slice(&listed.body).unwrap();
    assert!(expected.len() > 20);
    for (path, message) in expected {
        let invoked = offline.get(&path).await;
        assert!(invoked.result.is_err(), "{path}");
        let lines: Vec<_> = invoked
            .log
            .iter()
            .map(|line| (line.level, line.message.as_str()))
            .collect();
        assert_eq!(lines, [("error", message.as_str())], "{path}");
        let fields = &invoked.log[0].fields;
        assert_eq!(fields[0], ("route".to_owned(), format!("GET {path}")));
        assert!(
            fields[1].1.contains("test/engine/answers.ts:"),
            "{fields:?}"
        );
    }
    let invoked = offline.get("/undefined").await;
    let line = &invoked.log[0];
    assert_eq!(
        line.message,
        "TypeError: json() of undefined, which JSON does not have"
    );
    assert!(
        line.fields[0].1.contains("test/engine/answers.ts:"),
        "{:?}",
        line.fields
    );
    let bytes = offline.get("/bytes").await.result.unwrap();
    assert_eq!(bytes.body, [0, 255].as_slice());
    assert_eq!(offline.get("/none").await.result.unwrap().status, 204);
}

#[tokio::test]
async fn an_answer_of_an_app_that_is_no_response_has_its_line_in_typescript() {
    let component = componentized("web-answers.ts").unwrap();
    let offline = Offline::from_bytes(&component).unwrap();
    let listed = offline.get("/").await.result.unwrap();
    let mut expected: Vec<(String, String)> = serde_json::from_slice(&listed.body).unwrap();
    assert!(expected.len() > 8);
    let denied = "TypeError: fetch failed: downstream \"sleep\": not granted to this BFF; \
                  granted are: none";
    expected.push(("/call".to_owned(), denied.to_owned()));
    for (path, message) in expected {
        let invoked = offline.get(&path).await;
        assert!(invoked.result.is_err(), "{path}");
        let [line] = &invoked.log[..] else {
            panic!("{path}: {:?}", invoked.log);
        };
        assert_eq!((line.level, &*line.message), ("error", &*message), "{path}");
    }
    // Its failure is in fields of its own, and said once.
    let invoked = offline.get("/call").await;
    let fields = &invoked.log[0].fields;
    let names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["stack", "kind", "service"], "{fields:?}");
}

#[tokio::test]
async fn a_call_of_the_wrong_form_has_its_line_in_typescript() {
    let component = componentized("calls.ts").unwrap();
    let offline = Offline::from_bytes(&component).unwrap();
    let listed = offline.get("/").await.result.unwrap();
    let expected: Vec<(String, String)> = serde_json::from_slice(&listed.body).unwrap();
    assert!(expected.len() > 25);
    for (path, message) in expected {
        let invoked = offline.get(&path).await;
        assert!(invoked.result.is_err(), "{path}");
        let [line] = &invoked.log[..] else {
            panic!("{path}: {:?}", invoked.log);
        };
        assert_eq!((line.level, line.message.as_str()), ("error", &*message));
        let (field, stack) = &line.fields[0];
        assert_eq!(field, "stack");
        assert!(stack.contains("test/engine/calls.ts:"), "{path}: {stack}");
    }
}

#[tokio::test]
async fn a_handle_of_ones_own_is_watched_as_routes_are_in_typescript() {
    let component = componentized("own-handle.ts").unwrap();
    let offline = Offline::from_bytes(&component).unwrap();
    for (path, message) in [
        (
            "/nothing",
            "TypeError: the answer cannot be sent: it is undefined, not an object: the handler \
             returns nothing",
        ),
        (
            "/header",
            "TypeError: the answer cannot be sent: headers[1][1] is a number, not a string",
        ),
        ("/throw", "RangeError: too many"),
        (
            "/call",
            "TypeError: the call cannot be made: method is undefined, not one of \"get\", \
             \"head\", \"post\", \"put\", \"patch\", \"delete\", \"options\"",
        ),
    ] {
        let invoked = offline.get(path).await;
        assert!(invoked.result.is_err(), "{path}");
        let messages: Vec<_> = invoked.log.iter().map(|line| &*line.message).collect();
        assert_eq!(messages, [message], "{path}");
    }
    let problem = offline.get("/problem").await.result.unwrap();
    assert_eq!(problem.status, 404);
    assert_eq!(offline.get("/this").await.result.unwrap().body, "true");
}

#[tokio::test]
async fn what_typescript_throws_has_its_line_with_causes_failures_and_places() {
    let component = componentized("faults.ts").unwrap();
    let offline = Offline::from_bytes(&component).unwrap();
    for (path, expected) in [
        (
            "/cause",
            &[
                "TypeError: no date",
                "stack=wrapped ",
                "faults.ts:14:11 <",
                "cause=RangeError: 31 is not a month (parse ",
                "faults.ts:7:9 < wrapped ",
            ][..],
        ),
        (
            "/errors",
            &[
                "AggregateError: nothing worked",
                "errors=7: Error: one (several ",
                "; thrown string: two; ",
            ],
        ),
        (
            "/call",
            &[
                "Error: the call failed: denied",
                "stack=",
                "kind=denied",
                "service=sleep",
                "detail=downstream \"sleep\": ",
            ],
        ),
        (
            "/absent",
            &[
                "ReferenceError: Buffer is not defined: use Uint8Array with TextEncoder",
                "stack=absent ",
            ],
        ),
        ("/text", &["thrown string: a text"]),
        ("/undefined", &["thrown undefined"]),
        (
            "/object",
            &["thrown object: { kind: failed, ", "kind=timeout"],
        ),
        (
            "/getter",
            &["what was thrown cannot be read", "route=GET /getter"],
        ),
        ("/loop", &["Error: in a circle"]),
        (
            "/long",
            &[
                "Error: ",
                "stack=",
                "route=GET /long",
                "at=",
                "cause=Error: ccc",
            ],
        ),
    ] {
        let invoked = offline.get(path).await;
        assert!(invoked.result.is_err(), "{path}");
        let [line] = &invoked.log[..] else {
            panic!("{path}: {:?}", invoked.log);
        };
        assert_eq!(line.level, "error", "{path}");
        let fields: Vec<_> = line
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let shown = format!("{} {}", line.message, fields.join(" "));
        for part in expected {
            assert!(shown.contains(part), "{path}: {part:?} is not in {shown}");
        }
    }
}

#[test]
fn what_needs_the_host_fails_the_build_at_module_level_of_typescript() {
    let refused = componentized("module-level.ts").unwrap_err();
    assert!(refused.contains("Error: 18 of 18 refused: "), "{refused}");
}

#[tokio::test]
async fn more_calls_at_once_than_there_are_handles_wait_for_their_turn_in_typescript() {
    let component = componentized("many.ts").unwrap();
    let offline = Offline::from_bytes(&component)
        .unwrap()
        .service("heart", |request| async move {
            if request.target.path() == "/slow" {
                std::future::pending::<()>().await;
            }
            Ok(tailor_harness::json("1"))
        })
        // Two hundred calls are much work for a host that is not optimised.
        .settings(|bff| bff.limits.cpu = std::time::Duration::from_secs(5));
    for (path, expected) in [
        ("/kit", json!({"value": 16, "exhausted": 184})),
        ("/web", json!({"200": 16, "exhausted": 184})),
    ] {
        let answer = offline.get(path).await.result.unwrap();
        let counts: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(counts, expected, "{path}");
    }
    // Those that are given up make room for the others, which are past the number of calls.
    let answer = offline.get("/abort").await.result.unwrap();
    let counts: std::collections::BTreeMap<String, u32> =
        serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(counts.values().sum::<u32>(), 200, "{counts:?}");
    assert!(counts["TimeoutError"] >= 16, "{counts:?}");
    let invoked = offline.get("/wrong").await;
    assert!(invoked.result.is_err());
    let line = &invoked.log[0];
    let message = "TypeError: fetch: timeoutMs is a string, not a whole number";
    assert!(line.message.starts_with(message), "{line:?}");
}

#[tokio::test]
async fn a_call_that_typescript_gave_up_is_told_as_one_that_failed_is() {
    let component = componentized("given-up.ts").unwrap();
    let offline = Offline::from_bytes(&component)
        .unwrap()
        .service("heart", |_| async { Ok(tailor_harness::json("1")) })
        .service("sleep", |_| std::future::pending());
    let listed = offline.get("/").await.result.unwrap();
    let expected: Vec<(String, String)> = serde_json::from_slice(&listed.body).unwrap();
    for (path, degraded) in expected {
        let invoked = offline.get(&path).await;
        let answer = invoked.result.unwrap();
        assert_eq!(answer.body, "answered", "{path}");
        let told = answer.headers.get("tailor-degraded");
        let told = told.map_or("", |value| value.to_str().unwrap());
        assert_eq!(told, degraded, "{path}");
    }
}

//! The BFFs' own tests: their fixtures in the real components, and what their authors run in their
//! folders.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use downstream_mock::Service;
use http::{HeaderValue, StatusCode};
use tailor::fixture::Fixture;
use tailor_harness::{Offline, components, json, reply};

/// The fixtures of a BFF, by name.
fn fixtures(bff: &str) -> Vec<(String, Arc<Fixture>)> {
    let folder = components::root().join("bffs").join(bff).join("fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no fixtures", folder.display());
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, Arc::new(Fixture::read(path).unwrap()))
        })
        .collect()
}

/// Runs all fixtures of a BFF in its component, and reports all that are answered otherwise than
/// they expect.
async fn check_fixtures(bff: &str) {
    let component = Offline::from_file(&components::example(bff).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (name, fixture) in fixtures(bff) {
        let offline = component.again().fixture(&fixture).unwrap();
        if let Err(error) = offline.check(&fixture).await {
            wrong.push(format!("{bff}/fixtures/{name}.json: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn the_fixtures_of_watch_hold_in_its_component() {
    check_fixtures("watch").await;
}

#[tokio::test]
async fn the_fixtures_of_dashboard_hold_in_its_component() {
    check_fixtures("dashboard").await;
}

#[tokio::test]
async fn the_fixtures_of_partner_hold_in_its_component() {
    check_fixtures("partner").await;
}

#[tokio::test]
async fn the_watch_face_has_less_than_120_bytes_for_everybody() {
    let mut watch = Offline::from_file(&components::example("watch").unwrap()).unwrap();
    for service in [Service::Activity, Service::Heart, Service::Sleep] {
        watch = watch.service(service.name(), move |outbound| async move {
            let answer = downstream_mock::answer(service, &outbound.target.to_string());
            let mut found = reply(answer.status, answer.body);
            let content_type = HeaderValue::from_static(answer.content_type);
            found
                .headers
                .insert(http::header::CONTENT_TYPE, content_type);
            Ok(found)
        });
    }
    for user in ["ada", "grace", "linus", "margaret"] {
        for year in 2020..=2035 {
            for day in ["01-01", "03-29", "07-15", "12-31"] {
                let target = format!("/{user}?date={year}-{day}");
                let answer = watch.get(&target).await.result.unwrap();
                assert_eq!(answer.status, 200, "{target}");
                let body = String::from_utf8_lossy(&answer.body);
                assert!(body.len() < 120, "{target}: {body}");
                assert!(!body.contains("null"), "{target}: {body}");
            }
        }
    }
}

/// Takes away what is meant for the build of this test: for another one, it would change what is
/// compiled, or with what.
pub fn without_our_build(command: &mut Command) {
    for name in [
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
    ] {
        command.env_remove(name);
    }
}

/// Runs a program in a folder below `bffs`; when it fails, so does the test, with all that it
/// printed.
fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    without_our_build(&mut command);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} in {}: {}\n{}{}",
        folder.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_tests_of_the_rust_bffs_and_of_their_kit_pass() {
    let bffs = components::root().join("bffs");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(
        cargo,
        &["test", "--workspace", "--locked", "--target-dir", "target"],
        &bffs,
    );
}

#[test]
fn the_tests_of_the_typescript_bff_and_of_its_kit_pass() {
    // Building it installs the packages that its tests need, too.
    components::example("partner").unwrap();
    let partner = components::root().join("bffs/partner");
    run("npm", &["run", "check"], &partner);
    run("npm", &["test"], &partner);
}

/// A module of the kit's own tests as a component, as `tailor build` makes one; or what the
/// componentizer says against it.
fn componentized(module: &str) -> Result<Vec<u8>, String> {
    // Building it installs what is needed here.
    components::example("partner").unwrap();
    let partner = components::root().join("bffs/partner");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (bundle, component) = (file("bff.js"), file("bff.wasm"));
    let bundler = "node_modules/@tailor/kit/tools/bundle.mjs";
    let module = format!("../kit-ts/test/engine/{module}");
    run("node", &[bundler, &module, &bundle], &partner);
    let output = Command::new(partner.join("node_modules/.bin/componentize-qjs"))
        .args(["--sync", "--stub-wasi", "--world", "bff", "--wit"])
        .arg(components::root().join("wit"))
        .args(["--js", &bundle, "--output", &component])
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(std::fs::read(component).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
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

/// The files of `kit-ts/test/fixtures` are read by the tests of both kits, which are run above, too.
#[tokio::test]
async fn all_readers_of_fixtures_see_the_same_in_them() {
    let echo = Offline::from_bytes(&componentized("echo.ts").unwrap()).unwrap();
    let mut wrong = Vec::new();
    let all = fixtures("kit-ts/test");
    assert!(all.len() > 10);
    for (name, fixture) in all {
        let offline = echo.again().fixture(&fixture).unwrap();
        if let Err(error) = offline.check(&fixture).await {
            wrong.push(format!("{name}.json: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_one_reader_of_fixtures_refuses_all_do() {
    let file = components::root().join("bffs/kit-ts/test/fixtures/refused/all.json");
    let all = std::fs::read_to_string(file).unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
    assert!(all.len() > 20);
    for refused in all {
        let text = refused["fixture"].as_str().unwrap();
        assert!(Fixture::parse(text, "x.json").is_err(), "{refused}");
    }
}

#[test]
fn the_host_and_the_kit_for_rust_read_json_in_the_same_words() {
    let read = |file: &str| std::fs::read_to_string(components::root().join(file)).unwrap();
    let kits = read("bffs/kit/src/testing/json.rs");
    assert_eq!(read("host/src/fixture/json.rs"), kits);
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
async fn the_example_of_the_readme_holds() -> anyhow::Result<()> {
    let watch = Offline::from_file(&components::example("watch")?)?
        .service("activity", |_call| async { Ok(json(r#"{"steps":8423}"#)) })
        .service("heart", |_call| async {
            Ok(reply(StatusCode::SERVICE_UNAVAILABLE, ""))
        });
    let invoked = watch.get("/ada?date=2026-01-15").await;
    assert_eq!(
        invoked.result?.body,
        r#"{"steps":8423,"heart":null,"sleep":null}"#
    );
    assert_eq!(watch.asked().len(), 2);
    Ok(())
}

//! `tailor call`: a request into a component, with the services answered from a file.

use serde_json::Value;
use tailor_harness::components::{example, root};

use crate::cli::{demo, run, text};

fn fixture(bff: &str, name: &str) -> String {
    text(&root().join(format!("bffs/{bff}/fixtures/{name}.json")))
}

#[test]
fn call_runs_a_fixture() {
    let watch = text(&example("watch").unwrap());
    let face = fixture("watch", "face");
    let (code, said, error) = run(&["call", &watch, "--fixture", &face]);
    assert_eq!(code, 0, "{error}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["response"]["status"], 200);
    assert_eq!(
        report["response"]["body"],
        serde_json::json!({"steps": 8423, "heart": 64, "sleep": 431})
    );
    assert_eq!(report["log"], serde_json::json!([]));
    assert_eq!(report["calls"].as_array().unwrap().len(), 3);
    for call in report["calls"].as_array().unwrap() {
        assert_eq!(call["status"], 200, "{call}");
        assert!(call["bytes"].as_u64().unwrap() > 0, "{call}");
        assert_eq!(call["method"], "GET", "{call}");
        let path = call["path"].as_str().unwrap();
        assert!(
            path.ends_with("/2026-01-15") && call["entry"].is_u64(),
            "{call}"
        );
    }
    let cost = &report["cost"];
    assert!(cost["cpu_us"].as_u64().unwrap() > 0 && cost["memory"].as_u64().unwrap() > 0);
    assert_eq!(
        (&cost["calls"], &cost["calls_limit"]),
        (&3.into(), &16.into())
    );
    assert!(report.get("differences").is_none());

    // Several at once, with what the guest logged.
    let late = fixture("watch", "sleep-times-out");
    let (code, said, _) = run(&["call", &watch, "--fixture", &face, &late]);
    assert_eq!(code, 0);
    assert!(
        said.contains("\"failure\": \"timeout\"") && said.contains("part missing"),
        "{said}"
    );
}

#[test]
fn call_says_how_an_answer_differs() {
    let dir = tempfile::tempdir().unwrap();
    let watch = text(&example("watch").unwrap());
    let good = std::fs::read_to_string(fixture("watch", "face")).unwrap();
    let other = dir.path().join("other.json");
    let wrong = good
        .replace("\\\"steps\\\":8423", "\\\"steps\\\":8424")
        .replace(
            "\"expect\": {\"status\": 200",
            "\"expect\": {\"status\": 201",
        );
    std::fs::write(&other, wrong).unwrap();
    let (code, said, error) = run(&["call", &watch, "--fixture", &text(&other)]);
    assert_eq!(code, 1, "{error}");
    let report: Value = serde_json::from_str(&said).unwrap();
    let differences = report["differences"].as_array().unwrap();
    let status = serde_json::json!({"pointer": "/status", "expected": "201", "found": "200"});
    assert_eq!(differences[0], status);
    let body = &differences[1];
    assert_eq!(body["pointer"], "/text");
    let (expected, found) = (body["expected"].as_str(), body["found"].as_str());
    assert!(
        expected.unwrap().contains("8424") && found.unwrap().contains("8423"),
        "{body}"
    );
    assert_eq!(differences.len(), 2);
}

#[test]
fn call_says_where_a_fixture_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let watch = text(&example("watch").unwrap());
    let path = dir.path().join("broken.json");
    for (content, wanted) in [
        (
            "{\n  \"request\": {\"path\": \"/ada\"},\n  \"nwo\": 1\n}",
            "line 3 column",
        ),
        ("{\n  \"request\": }", "line 2 column"),
        (
            "{\"request\": {\"path\": \"ada\"}}",
            "request.path: does not begin with \"/\"",
        ),
        (
            "{\"request\": {\"path\": \"/ada\"}, \"now\": \"noon\"}",
            "now: \"noon\" is not a time",
        ),
    ] {
        std::fs::write(&path, content).unwrap();
        let (code, said, error) = run(&["call", &watch, "--fixture", &text(&path)]);
        assert_eq!((code, said.as_str()), (1, ""), "{content}");
        let start = format!("tailor: fixture {}: ", path.display());
        assert!(
            error.starts_with(&start) && error.contains(wanted),
            "{error}"
        );
    }
    let (code, _, error) = run(&["call", &watch, "--fixture", "/nonexistent.json"]);
    assert_eq!(
        (code, error.contains("/nonexistent.json")),
        (1, true),
        "{error}"
    );
}

#[test]
fn call_takes_limits_and_grants_of_a_configuration() {
    let (path, dir) = demo();
    let demo = std::fs::read_to_string(&path).unwrap();
    // Without the grant, the same fixture ends otherwise.
    let narrow = demo.replacen(
        "downstreams = [\"activity\", \"heart\", \"sleep\"]",
        "downstreams = [\"activity\", \"heart\"]",
        1,
    );
    std::fs::write(&path, narrow).unwrap();
    let watch = text(&dir.path().join("target/components/watch.wasm"));
    let face = fixture("watch", "face");
    let config = text(&path);
    let (code, said, _) = run(&["call", &watch, "-f", &face, "-c", &config, "-b", "watch"]);
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["response"]["body"]["sleep"], Value::Null);
    assert!(said.contains("\"failure\": \"denied\""), "{said}");
    let (code, _, error) = run(&["call", &watch, "-f", &face, "-c", &config, "-b", "tablet"]);
    assert_eq!(code, 1);
    assert!(
        error.contains("no bff.tablet; there are dashboard, partner, phone, watch"),
        "{error}"
    );
}

#[test]
fn call_compiles_a_component_once_and_keeps_its_code_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let watch = text(&example("watch").unwrap());
    let face = fixture("watch", "face");
    let call = || {
        let mut command = std::process::Command::new(tailor_harness::Process::program().unwrap());
        command.args(["call", &watch, "--fixture", &face]);
        let output = command.env("TAILOR_CACHE", &cache).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let code = cache.join("compiled");
    let first = call();
    let expected = format!("; its code is kept in {}\n", code.display());
    assert!(
        first.starts_with(&format!("compiled {watch} in ")) && first.ends_with(&expected),
        "{first}"
    );
    let mode = std::fs::metadata(&code).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!(call(), "", "compiled again");

    // Code that others could have written is not run.
    std::fs::set_permissions(&code, std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = call();
    assert!(
        refused.starts_with("compiled code is not kept: ") && refused.contains("others can write"),
        "{refused}"
    );
}

//! What `tailor test` tells: of a BFF in TypeScript, of tests that do not end, and where the report
//! itself is lost.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tailor_harness::Process;
use tailor_harness::dev::package;

use super::{CODE, FIVE, echo, test};
use crate::builds::repository::write;
use crate::cli::run;

const MAIN: &str = r#"import { bff, get, getJson, fetchAll, json, number, object } from "@tailor/kit";

const steps = object({ steps: number });

function asked(service: string) {
  const [answer] = fetchAll(getJson(service, "/days", {}, steps));
  return answer.kind === "value" ? answer.value.steps : null;
}

export const handler = bff([
  get("/boom", () => {
    throw new Error("boom");
  }),
  get("/now", () => {
    const until = Date.now() + 2;
    while (Date.now() < until);
    return json({ now: Date.now() });
  }),
  get("/{service}", (_request, { service }) => json({ steps: asked(service) })),
]);
"#;

fn suite(printed: &str) -> Value {
    let json: Value = serde_json::from_str(printed).unwrap();
    json["suites"][0].clone()
}

#[test]
fn a_fault_in_typescript_and_what_cannot_be_written_anew_are_told_with_their_reasons() {
    let at = tempfile::tempdir().unwrap();
    let denied = r#"{"request": {"path": "/heart"}, "downstreams": [
        {"service": "sleep", "path": "*", "reply": {}}], "expect": {"json": {"steps": 7}}}"#;
    let fails = r#"{"request": {"path": "/heart"}, "expect": {"json": {"steps": 72}}}"#;
    let boom = r#"{"request": {"path": "/boom"}, "expect": {"status": 200}}"#;
    let now = r#"{"request": {"path": "/now"}, "expect": {"json": {"now": 1}}}"#;
    let fixtures = [
        ("a-boom.json", boom),
        ("b-fails.json", fails),
        ("c-now.json", now),
        ("d-denied.json", denied),
    ];
    let folder = package(at.path(), MAIN, &fixtures).unwrap();
    let said = test(
        &folder,
        &["--no-unit", "--update", "--json", "--junit", "junit.xml"],
    );
    assert!(!said.good, "{}{}", said.printed, said.errors);
    let suite = suite(&said.printed);
    let reason = |index: usize| suite["fixtures"][index]["not_updated"].as_str().unwrap();
    assert_eq!(reason(0), "the BFF gave no answer");
    let wanted = "all calls (1) failed, and no entry says so; write one for GET heart /days";
    assert!(reason(1).starts_with(wanted), "{}", reason(1));
    let wanted = "asked again, the BFF answers otherwise: /json/now: expected ";
    assert!(reason(2).starts_with(wanted), "{}", reason(2));
    assert_eq!(reason(3), "correct first what its warning names");
    for (name, text) in fixtures {
        assert_eq!(
            fs::read_to_string(folder.join("fixtures").join(name)).unwrap(),
            text
        );
    }
    // A service that was called and not granted is listed.
    let services = suite["coverage"]["services"].as_object().unwrap();
    assert!(services.contains_key("heart") && services.contains_key("sleep"));

    let junit = fs::read_to_string(folder.join("junit.xml")).unwrap();
    let wanted = "<failure message=\"Error: boom at src/main.ts:12:";
    assert!(junit.contains(wanted), "{junit}");
    assert!(
        junit.contains("\nroute: ") && junit.contains("\nat "),
        "{junit}"
    );

    let said = test(&folder, &["--no-unit", "--update"]);
    for line in [
        "\n  Error: boom at src/main.ts:12:",
        "\n  not written anew: the BFF gave no answer\n",
        "\n  not written anew: asked again, the BFF answers otherwise: ",
        "\n     default limits, and a grant for each service of a fixture\n",
    ] {
        assert!(said.printed.contains(line), "{line}: {}", said.printed);
    }
}

#[test]
fn a_build_that_fails_is_told_to_programs_with_what_the_compiler_says() {
    let dir = tempfile::tempdir().unwrap();
    echo(dir.path(), &[("five.json", FIVE)]);
    let code = CODE.replace("path.as_ptr()", "path.as_pointer()");
    write(dir.path(), &[("src/lib.rs", &code)]);
    let said = test(dir.path(), &["--no-unit", "--json", "--junit", "junit.xml"]);
    assert!(!said.good);
    let suite = suite(&said.printed);
    let problem = suite["problems"][0].as_str().unwrap();
    let is_told =
        |text: &str| text.contains("echo: does not compile") && text.contains("as_pointer");
    assert!(is_told(problem) && !problem.contains("above"), "{problem}");
    let junit = fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(is_told(&junit), "{junit}");
    // People have read it once.
    let said = test(dir.path(), &["--no-unit"]);
    assert!(!said.printed.contains("as_pointer") && said.errors.contains("as_pointer"));
}

/// `tailor test` of a folder, with its standard output.
fn started(folder: &Path, arguments: &[&str], out: impl Into<Stdio>) -> Child {
    let mut command = Command::new(Process::program().unwrap());
    command
        .arg("test")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    command.stdout(out).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_report_that_is_lost_is_a_failure_and_a_reader_that_goes_ends_the_watch() {
    let dir = tempfile::tempdir().unwrap();
    echo(dir.path(), &[("five.json", FIVE)]);
    for arguments in [&["--no-unit"][..], &["--no-unit", "--json"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = started(dir.path(), arguments, full)
            .wait_with_output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains("standard output: cannot be written: "),
            "{errors}"
        );
    }
    let mut child = started(dir.path(), &["--no-unit", "--watch"], Stdio::piped());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("waiting for changes")));
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// A package whose test script is this.
fn scripted(folder: &Path, script: &str) {
    let code = CODE.split("#[test]").next().unwrap();
    write(folder, &[("src/lib.rs", code)]);
    let test = format!(
        "#[test]\nfn script() {{\n    let script = std::process::Command::new(\"sh\")\n        \
         .args([\"-c\", {script:?}]).status().unwrap();\n    assert!(script.success());\n}}\n"
    );
    write(folder, &[("tests/script.rs", &test)]);
}

#[test]
fn own_tests_end_at_their_limit_and_with_the_run() {
    let dir = tempfile::tempdir().unwrap();
    echo(dir.path(), &[("five.json", FIVE)]);
    scripted(dir.path(), "echo $$ > pid; exec sleep 600");
    let said = test(dir.path(), &["--unit-timeout", "4", "--json"]);
    assert!(!said.good);
    let suite = suite(&said.printed);
    assert_eq!(
        suite["unit"]["ended"],
        "was ended after 4 s (--unit-timeout)"
    );
    assert_eq!(suite["fixtures"][0]["passed"], true);

    let pid = dir.path().join("pid");
    fs::remove_file(&pid).unwrap();
    for arguments in [&[][..], &["--watch"]] {
        let mut child = started(dir.path(), arguments, File::create("/dev/null").unwrap());
        let read = || fs::read_to_string(&pid).unwrap_or_default();
        while !read().ends_with('\n') {
            std::thread::yield_now();
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.unwrap().success());
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(if arguments.is_empty() { 130 } else { 1 }));
        let sleeping = format!("/proc/{}/stat", read().trim());
        let is_there = || {
            let stat = fs::read_to_string(&sleeping).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        while is_there() {
            std::thread::yield_now();
        }
        fs::remove_file(&pid).unwrap();
    }
    let (code, _, error) = run(&["test", "--unit-timeout", "0"]);
    assert_eq!(code, 2, "{error}");
}

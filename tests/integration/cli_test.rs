//! `tailor test`: a BFF from its sources to its fixtures, as its author types it.

mod answers;
mod reports;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tailor_harness::{Process, components};

use crate::builds::repository::{Said, tailor, write};
use crate::builds::rust::types;
use crate::cli::run;

/// A BFF without packages, which is compiled in a moment. It answers with what is behind the first
/// slash of the path.
const CODE: &str = r##"
#[cfg(target_family = "wasm")]
mod bff {
    #[used]
    #[unsafe(link_section = "component-type:bff")]
    pub static TYPES: [u8; include_bytes!("types").len()] = *include_bytes!("types");

    #[unsafe(export_name = "tailor:bff/handler@0.1.1#handle")]
    #[rustfmt::skip]
    pub extern "C" fn handle(
        _: i32, _: i32, _: i32, path: *const u8, length: usize, _: i32, _: i32, _: i32,
        _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32,
    ) -> *const usize {
        let path = unsafe { std::slice::from_raw_parts(path, length) };
        if path == b"/trap" {
            std::process::abort()
        }
        // The status, no fields, a text.
        Box::leak(Box::new([200, 8, 0, 1, path.as_ptr() as usize + 1, length - 1])).as_ptr()
    }

    #[unsafe(export_name = "cabi_realloc")]
    pub extern "C" fn realloc(_: i32, _: i32, align: usize, size: usize) -> *mut u8 {
        let layout = std::alloc::Layout::from_size_align(size.max(1), align).unwrap();
        unsafe { std::alloc::alloc(layout) }
    }
}

#[test]
fn sums() {
    assert_eq!(1 + 1, 2, "\u{1b}[2J");
}
"##;

const MANIFEST: &str = "[package]\nname = \"echo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                        [lib]\ncrate-type = [\"cdylib\"]\n[package.metadata.component]\n";

const FIVE: &str = "{\"request\": {\"path\": \"/5\"},\n \"expect\": {\"json\": 5.0}}\n";
const LIST: &str = r#"{"request": {"path": "/{\"a\": [1, 2]}"}, "expect": {"status": 200, "json": {"a": [1, 2]}}}"#;

/// The BFF with these fixtures.
fn echo(folder: &Path, fixtures: &[(&str, &str)]) {
    write(folder, &[("Cargo.toml", MANIFEST), ("src/lib.rs", CODE)]);
    std::fs::write(folder.join("src/types"), types()).unwrap();
    for (name, text) in fixtures {
        write(&folder.join("fixtures"), &[(name, text)]);
    }
}

/// Runs the tests of the folder; what it keeps of them is in there, too.
fn test(folder: &Path, arguments: &[&str]) -> Said {
    test_with(folder, arguments, &[])
}

fn test_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let arguments: Vec<&str> = ["test"].iter().chain(arguments).copied().collect();
    tailor(folder, &arguments, variables)
}

#[test]
fn a_bff_is_tested_from_its_sources_to_its_fixtures() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    echo(folder, &[("five.json", FIVE), ("deep/list.json", LIST)]);
    let said = test(folder, &["--coverage"]);
    assert!(said.good, "{}{}", said.printed, said.errors);
    let lines: Vec<&str> = said.printed.lines().collect();
    for (line, wanted) in lines.iter().zip([
        "ok   cargo test in . (",
        "ok   fixtures/deep/list.json  ",
        "ok   fixtures/five.json  ",
        "coverage of echo:",
        "  GET /*: 1 fixture",
        "  GET /5: 1 fixture",
    ]) {
        assert!(line.starts_with(wanted), "{wanted}: {}", said.printed);
    }
    assert!(
        said.printed.contains("2 passed, 0 failed in "),
        "{}",
        said.printed
    );
    assert!(!said.printed.contains('\u{1b}'), "{}", said.printed);

    // The author's own tests fail, and say why; what they print is shown, not acted on.
    let code = CODE.replace("1 + 1, 2", "1 + 1, 3");
    write(folder, &[("src/lib.rs", &code)]);
    let said = test(folder, &[]);
    assert!(!said.good);
    assert!(
        said.printed.contains("own tests of 1 failed"),
        "{}",
        said.printed
    );
    assert!(said.printed.contains("\\u{1b}[2J") && !said.printed.contains('\u{1b}'));
    let said = test(folder, &["--no-unit", "--filter", "five"]);
    assert!(
        said.good && said.printed.contains("1 passed, 0 failed"),
        "{}",
        said.printed
    );
    let said = test(folder, &["--filter", "nine"]);
    assert!(!said.good && said.printed.contains("no fixture has \"nine\" in its path"));

    // A reader of the output may go.
    let mut command = Command::new(Process::program().unwrap());
    command.args(["test", "--no-unit"]).current_dir(folder);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("panicked"),
        "{errors}"
    );
}

#[test]
fn what_fails_is_told_by_its_place_and_can_be_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let wrong = LIST.replace("[1, 2]}}}", "[1, 3]}}}");
    let trap = FIVE.replace("/5", "/trap");
    let unused = r#"{"request": {"path": "/5"}, "expect": {"json": 5},
        "downstreams": [{"service": "heart", "path": "*", "reply": {}}]}"#;
    let nothing = "{\"request\": {\"path\": \"/5\"}}\n";
    let fixtures = [
        ("a-list.json", wrong.as_str()),
        ("b-trap.json", &trap),
        ("c-nothing.json", nothing),
        ("d-five.json", FIVE),
    ];
    echo(folder, &fixtures);
    let said = test(folder, &["--no-unit", "--json", "--junit", "junit.xml"]);
    assert!(!said.good, "{}", said.errors);
    let json: Value = serde_json::from_str(&said.printed).unwrap();
    let [list, trap, nothing, five] = &json["suites"][0]["fixtures"].as_array().unwrap()[..] else {
        panic!("{json:#}");
    };
    let difference = serde_json::json!(
        [{"pointer": "/json/a/1", "expected": "3", "found": "2"}]
    );
    assert_eq!(
        (&list["differences"], &list["file"]),
        (&difference, &"fixtures/a-list.json".into())
    );
    assert!(trap["error"].is_string() && !trap["backtrace"].as_array().unwrap().is_empty());
    assert_eq!(
        (&nothing["passed"], &nothing["expects"]),
        (&false.into(), &false.into())
    );
    assert_eq!(five["passed"], true);
    assert!(five["cost"]["bytes_limit"].as_u64() > five["cost"]["bytes_in"].as_u64());
    let junit = std::fs::read_to_string(folder.join("junit.xml")).unwrap();
    assert!(
        junit.contains("<testsuite name=\"echo\" tests=\"4\" failures=\"3\""),
        "{junit}"
    );
    assert!(
        junit.contains("<failure message=\"/json/a/1: expected 3, got 2\">"),
        "{junit}"
    );

    // Colours where they are wanted.
    let forced = [("CLICOLOR_FORCE", "1")];
    let said = test_with(folder, &["--no-unit"], &forced);
    assert!(
        said.printed.contains("\u{1b}[31m    - 3\u{1b}[0m"),
        "{}",
        said.printed
    );
    assert!(
        said.printed.contains("1 passed, 3 failed\u{1b}[0m in "),
        "{}",
        said.printed
    );
    let said = test_with(folder, &["--no-unit"], &[forced[0], ("NO_COLOR", "1")]);
    assert!(
        said.printed.contains("  /json/a/1\n    - 3\n    + 2\n"),
        "{}",
        said.printed
    );

    // What had an answer is written, and nothing else.
    let said = test(folder, &["--no-unit", "--update"]);
    assert!(!said.good && said.printed.contains("1 passed, 1 failed, 2 written anew"));
    let read = |name: &str| std::fs::read_to_string(folder.join("fixtures").join(name)).unwrap();
    assert_eq!(read("a-list.json"), LIST);
    assert_eq!(read("b-trap.json"), fixtures[1].1);
    let written = "{\"request\": {\"path\": \"/5\"}, \"expect\": {\"status\": 200, \"json\": 5}}\n";
    assert_eq!(read("c-nothing.json"), written);
    assert_eq!(read("d-five.json"), FIVE);

    // What has a warning is not.
    write(&folder.join("fixtures"), &[("e-unused.json", unused)]);
    let said = test(folder, &["--no-unit", "--update", "--filter", "unused"]);
    let wanted = "downstreams[0], heart *: no call used it; correct it, or leave it out";
    assert!(
        !said.good && said.printed.contains(wanted),
        "{}",
        said.printed
    );
    assert_eq!(read("e-unused.json"), unused);
}

#[test]
fn one_bff_that_cannot_be_tested_leaves_the_others_their_run() {
    let dir = tempfile::tempdir().unwrap();
    echo(&dir.path().join("echo"), &[("five.json", FIVE)]);
    write(dir.path(), &[("broken/package.json", "{")]);
    let said = test(dir.path(), &["--no-unit", "broken", "echo", "echo/"]);
    assert!(!said.good);
    assert!(said.printed.contains("FAIL ") && said.printed.contains("broken/package.json"));
    let counts = "1 passed, 0 failed, 1 could not be run in ";
    assert!(said.printed.contains(counts), "{}", said.printed);
    std::fs::remove_file(dir.path().join("echo/fixtures/five.json")).unwrap();
    let said = test(dir.path(), &["--no-unit", "echo"]);
    assert!(
        !said.good && said.printed.contains("echo/fixtures: no fixture: "),
        "{}",
        said.printed
    );
    let (code, _, error) = run(&["test", "--watch", "--json"]);
    assert_eq!(code, 2, "{error}");
}

#[test]
fn a_watched_folder_is_tested_again_when_a_fixture_changes() {
    let dir = tempfile::tempdir().unwrap();
    echo(dir.path(), &[("five.json", FIVE)]);
    let mut command = Command::new(Process::program().unwrap());
    command
        .args(["test", "--no-unit", "--watch"])
        .current_dir(dir.path());
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut until = |text: &str| lines.find(|line| line.contains(text)).unwrap();
    until("1 passed, 0 failed");
    until("waiting for changes");
    write(
        dir.path(),
        &[("fixtures/six.json", &FIVE.replace("5.0", "6"))],
    );
    until("1 passed, 1 failed");
    until("waiting for changes");
    // The configuration is looked at, too.
    let config = "[bff.echo]\ncomponent = \"target/components/echo.wasm\"\n\
                  limits.memory = \"8MiB\"\n[[route]]\nbff = \"echo\"\npath = \"/\"\n";
    write(dir.path(), &[("tailor.toml", config)]);
    until("limits and grants of /");
    until("waiting for changes");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_route_that_no_fixture_comes_to_is_told() {
    components::example("dashboard").unwrap();
    let folder = components::root().join("bffs/dashboard");
    let folder = folder.to_str().unwrap();
    let test = |more: &[&str]| run(&[&["test", folder, "--no-unit"], more].concat());
    let (code, said, error) = test(&["--filter", "workout", "--coverage"]);
    assert_eq!(code, 0, "{said}{error}");
    for line in [
        "  GET /{user}: no fixture comes to this route",
        "  POST /{user}/workouts: 6 fixtures",
    ] {
        assert!(said.lines().any(|it| it == line), "{line}: {said}");
    }
    let (_, said, _) = test(&["--json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    let coverage = &json["suites"][0]["coverage"];
    assert_eq!(coverage["routes"]["POST /{user}/workouts"], 6, "{coverage}");
    assert_eq!(coverage["requests"]["POST /{user}"], 1, "{coverage}");
    assert_eq!(coverage["unlisted"], Value::Null, "{coverage}");
}

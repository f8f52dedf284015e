//! BFFs in Python: what the build says of them, and what becomes of what they do wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tailor::bff::error::BffError;
use tailor::build::{BuildOptions, build};
use tailor_harness::Offline;
use tailor_harness::components::root;

/// Where compiled code is kept between runs of the tests.
pub fn code() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-code")
}

/// A BFF of one module, in a folder that stays: with nothing changed, another run builds nothing.
fn bff(name: &str, main: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let kit = root().join("bffs/kit-py/src");
    let manifest = format!("[project]\nname = \"{name}\"\n[tool.tailor]\npath = [{kit:?}]\n");
    std::fs::write(folder.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.py"), main).unwrap();
    folder
}

/// The tools are in the user's cache, as they are for an author.
fn options() -> BuildOptions {
    BuildOptions {
        wit: Some(root().join("wit")),
        ..BuildOptions::from_env()
    }
}

const LIMITS: &str = include_str!("throws/limits.py");

/// The line of `throws/limits.py` that has a mark.
fn line(name: &str) -> usize {
    let mark = format!("# @{name}");
    let found = LIMITS.lines().position(|line| line.ends_with(&mark));
    found.unwrap() + 1
}

#[tokio::test]
async fn what_goes_wrong_in_python_is_logged_with_its_line_and_ends_as_in_typescript() {
    let folder = bff("limits", LIMITS);
    let built = build(&folder, &options(), &mut |line| eprintln!("{line}")).unwrap();
    let plain = Offline::kept(&built.component, &code()).unwrap();
    for (name, message, error) in [
        (
            "raise",
            "ValueError: invalid literal for int() with base 10: 'seven'",
            "unreachable",
        ),
        ("cause", "RuntimeError: no number", "unreachable"),
        (
            "recursion",
            "RecursionError: maximum recursion depth exceeded",
            "unreachable",
        ),
        ("exit", "SystemExit: 3", "unreachable"),
        (
            "socket",
            "LookupError: unknown encoding: idna",
            "unreachable",
        ),
        ("memory", "MemoryError", "bytes of memory"),
    ] {
        // On a busy machine, memory takes time.
        let offline = plain.again().settings(|bff| {
            bff.limits.cpu = Duration::from_secs(20);
            bff.deadline = Duration::from_secs(30);
        });
        let invoked = offline.get(&format!("/{name}")).await;
        let said = invoked.result.unwrap_err().to_string();
        assert!(said.contains(error), "{name}: {said}");
        let [logged] = &invoked.log[..] else {
            panic!("{name}: {:?}", invoked.log);
        };
        assert_eq!(logged.message, message, "{name}");
        let field = |name: &str| {
            let mut fields = logged.fields.iter();
            let found = fields.find(|(field, _)| field == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let place = format!(" src/main.py:{}:", line(name));
        let first = field("stack").split(" < ").next().unwrap();
        assert!(first.contains(&place), "{name}: {first}");
        assert!(
            !field("stack").contains("tailor_kit"),
            "{name}: {}",
            field("stack")
        );
        assert_eq!(field("route"), format!("GET /{name}"));
        if name == "cause" {
            let cause = format!(
                "ValueError: invalid literal for int() with base 10: 'eight' (parse src/main.py:{}:12)",
                line("raise")
            );
            assert_eq!(field("cause"), cause);
        }
    }
    let looped = plain.get("/loop").await;
    let error = looped.result.unwrap_err();
    assert!(error.to_string().contains("of CPU time"), "{error}");
    assert_eq!(looped.log.len(), 0);
    let answered = plain.get("/answer").await;
    assert_eq!(
        answered.log[0].message,
        "TypeError: GET /answer: the answer is of type dict, not a Response: use respond()"
    );
    assert!(matches!(
        answered.result.unwrap_err(),
        BffError::Trap { .. }
    ));

    // What the standard library has: clocks, random numbers, output; and no files.
    let mut seeds = Vec::new();
    for _ in 0..2 {
        let used = plain.get("/library").await;
        let answer = used.result.unwrap();
        let mut values: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
        seeds.push(values.remove(4));
        assert_eq!(
            values,
            [
                json!(true),
                json!(true),
                json!(4),
                json!(true),
                json!({}),
                json!([])
            ]
        );
        let lines: Vec<_> = used.log.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(
            lines,
            ["printed 1", "to stderr", "logged 2", "told", "by the kit"]
        );
        let levels: Vec<_> = used.log.iter().map(|line| line.level).collect();
        assert_eq!(levels, ["info", "warn", "warn", "info", "info"]);
    }
    assert_ne!(seeds[0], seeds[1]);
    let file = plain.get("/file").await.result.unwrap();
    assert_eq!(
        file.body,
        r#"["FileNotFoundError","[Errno 44] No such file or directory: '/etc/passwd'"]"#
    );
}

#[test]
fn what_fails_while_modules_are_imported_fails_the_build_with_its_line() {
    let main = "import tables\nfrom tailor_kit import Bff\nhandler = Bff()\n";
    let folder = bff("fails", main);
    let tables = "def read(days):\n    return days['steps']\n\n\nSTEPS = read({})\n";
    std::fs::write(folder.join("src/tables.py"), tables).unwrap();
    let error = build(&folder, &options(), &mut |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fails: not a component of a BFF: module-level code failed: KeyError: 'steps'\n    \
         at read (src/tables.py:2)\n    at src/tables.py:5\n    at src/main.py:1"
    );
    assert!(!folder.join("src/__pycache__").exists());
    assert!(!folder.join("target/components/fails.wasm").exists());
}

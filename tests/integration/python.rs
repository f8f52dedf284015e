//! BFFs in Python: what the build says of them, and what becomes of what they do wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tailor::bff::error::BffError;
use tailor::build::{BuildOptions, Session, build};
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
        (
            "events",
            "OSError: there are no sockets in a component, which event loops of asyncio need",
            "unreachable",
        ),
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
    for (name, first) in [
        ("loop", "spin"),
        ("expression", "match_slowly"),
        // It goes from one into the other all the time.
        ("rows", "<genexpr>|rows"),
    ] {
        let looped = plain.get(&format!("/{name}")).await;
        let error = looped.result.unwrap_err();
        assert!(error.to_string().contains("of CPU time"), "{error}");
        let Some(logged) = looped.log.last() else {
            panic!("{name}: no line");
        };
        assert_eq!(
            logged.message,
            "CpuTimeUsedUp: the request was ended here: it has used its CPU time (limits.cpu)"
        );
        let (field, stack) = &logged.fields[0];
        assert_eq!(field, "stack");
        let place = |first: &str| format!("{first} src/main.py:{}:", line(name));
        let mut firsts = first.split('|');
        assert!(
            firsts.any(|it| stack.starts_with(&place(it))),
            "{name}: {stack}"
        );
        let calls: Vec<&str> = stack.split(" < ").collect();
        let own = format!("{name} src/main.py:");
        assert!(calls.iter().any(|call| call.starts_with(&own)), "{stack}");
        assert!(!stack.contains("tailor_kit"), "{name}: {stack}");
    }
    // Code in C ends the stack without an exception.
    let deep = plain.get("/deep").await;
    let [logged] = &deep.log[..] else {
        panic!("{:?}", deep.log);
    };
    assert!(
        logged.message.starts_with("the request was ended here: "),
        "{logged:?}"
    );
    let place = format!("deep src/main.py:{}:", line("deep"));
    assert!(logged.fields[0].1.starts_with(&place), "{logged:?}");
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
    // The interpreter has a module of this name before, and would never read the author's.
    std::fs::write(folder.join("src/random.py"), "").unwrap();
    let error = build(&folder, &options(), &mut |_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fails: not a component of a BFF: componentize-py failed: ImportError: src/random.py is \
         never imported: `random` is a module of the standard library, which is there before; give \
         yours another name"
    );
    // The folder is built in again by the next run.
    std::fs::remove_file(folder.join("src/random.py")).unwrap();
}

#[tokio::test]
async fn the_functions_of_locale_have_the_texts_of_the_host_and_its_refusals() {
    let folder = bff("locales", include_str!("throws/locales.py"));
    let built = build(&folder, &options(), &mut |line| eprintln!("{line}")).unwrap();
    let plain = Offline::kept(&built.component, &code()).unwrap();
    let answer = plain.get("/texts").await.result.unwrap();
    let texts: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        texts,
        json!([
            "15. Jänner 2026 um 13:00",
            ["15", "literal"],
            ["de-AT", "numeric", "Europe/Vienna"],
            ["Europe/Vienna", 3600, "2026-01-15", 24],
            "12,50\u{a0}€",
            "12.345.678.901.234.567.890,5",
            ["de", 2, "half-expand"],
            ["gestern", "vor 3 Tagen"],
            "a, b oder c",
            ["element", "literal"],
            ["one", "few", "many"],
            ["one", "two", "few", "other"],
            [-1, 0],
            ["Äpfel", "Birnen", "Zimt"],
            ["Japan", null],
            "İ",
            ["de-AT", "he"],
            ["de"],
            true
        ])
    );
    let refused = plain.get("/refused").await.result.unwrap();
    let refused: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(
        refused,
        json!(["range-error", "range-error", "unsupported", "range-error"])
    );
}

/// What the loop of an author makes, in the interpreter that it keeps.
#[tokio::test]
async fn a_save_is_a_component_of_the_interpreter_that_is_kept() {
    const FIRST: &str = "import random\nimport words\nfrom tailor_kit import Bff, respond\n\n\
         handler = Bff()\n\n\n@handler.get(\"/\")\ndef one(request):\n    \
         return respond([words.TEXT, random.random()])\n";
    let folder = bff("kept", FIRST);
    let words = folder.join("src/words.py");
    std::fs::write(&words, "TEXT = 'one'\n").unwrap();
    let session = Session::open(&folder, options()).unwrap();
    let build = |said: &mut Vec<String>| session.build(&mut |line| said.push(line.to_owned()));
    let answer = async |component: &Path| {
        let plain = Offline::kept(component, &code()).unwrap();
        let answer = plain.get("/").await.result.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let again = plain.again().get("/").await.result.unwrap();
        assert_ne!(
            again.body,
            answer.to_string(),
            "random numbers are others each time"
        );
        answer[0].as_str().unwrap().to_owned()
    };
    let mut said = Vec::new();
    let built = build(&mut said).unwrap();
    assert_eq!(answer(&built.component).await, "one");
    assert_eq!(
        said,
        ["starting the Python interpreter, which is kept from now on"]
    );
    let first = std::fs::read(&built.component).unwrap();
    std::fs::write(&words, "TEXT = 'two'\n").unwrap();
    let built = build(&mut said).unwrap();
    assert_eq!(answer(&built.component).await, "two");
    // Only the bytes of memory are others, so that a host compiles nothing.
    let second = std::fs::read(&built.component).unwrap();
    assert_eq!(first.len(), second.len());

    // A file that is no Python is told at once, with its line.
    std::fs::write(&words, "TEXT = 'two'\ndef (:\n").unwrap();
    let error = build(&mut said).unwrap_err().to_string();
    assert_eq!(
        error,
        "kept: not a component of a BFF: module-level code failed: SyntaxError: invalid syntax \
         (words.py, line 2)\n    at src/words.py:2\n    at src/main.py:2"
    );
    assert_eq!(said.len(), 1, "{said:?}");
    // What the interpreter has not is imported in the usual way.
    std::fs::write(&words, "import colorsys\nTEXT = colorsys.__name__\n").unwrap();
    let built = build(&mut said).unwrap();
    assert_eq!(answer(&built.component).await, "colorsys");
}

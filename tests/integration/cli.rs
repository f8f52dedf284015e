//! The subcommands, as they are typed.

use std::path::{Path, PathBuf};
use std::process::Output;

use tailor_harness::components::{example, root};
use tailor_harness::{Process, TestHost};

use crate::modules::{self, ECHO, Part};

/// What a run said: its exit code, standard output, standard error.
pub fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Process::run(arguments).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

pub fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn help_names_every_argument() {
    let (code, all, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for (command, arguments) in [
        ("demo", &["--root <FOLDER>"][..]),
        ("serve", &["-c, --config <FILE>", "[default: tailor.toml]"]),
        ("check", &["-c, --config <FILE>", "[default: tailor.toml]"]),
        ("build", &["<FOLDER>", "--all", "-o, --output <FILE>"]),
        ("new", &["<NAME>", "-l, --lang <ts|hono|rust|python>"]),
        ("init", &["[FOLDER]", "-l, --lang <ts|hono|rust>"]),
        ("kit", &["--npm <DIR>", "--crate <DIR>"]),
        (
            "inspect",
            &[
                "<COMPONENT>",
                "-c, --config <FILE>",
                "--bff <NAME>",
                "--json",
            ],
        ),
        (
            "call",
            &[
                "<COMPONENT>",
                "-f, --fixture <FILE>",
                "-c, --config <FILE>",
                "-b, --bff <NAME>",
            ],
        ),
        (
            "test",
            &["[FOLDER]...", "--update", "--watch", "--junit <FILE>"],
        ),
        ("record", &["[ID]", "--admin <ADDRESS>", "--failed"]),
        ("replay", &["<COMPONENT>", "<RECORDING>...", "--times <N>"]),
        (
            "deploy",
            &[
                "<BFF>",
                "<FILE>",
                "--expect-live <NAME>",
                "--token-file <FILE>",
            ],
        ),
        ("rollback", &["<BFF>", "--to <NAME>", "[default: previous]"]),
        ("releases", &["<BFF>", "--limit <N>", "--url <URL>"]),
        ("status", &["[BFF]", "--ca <FILE>", "--json"]),
        ("schema", &["<config|fixture>"]),
        ("completions", &["<bash|elvish|fish|powershell|zsh>"]),
        ("man", &["--dir <FOLDER>"]),
    ] {
        assert!(all.contains(&format!("\n  {command} ")), "{all}");
        let (code, help, _) = run(&[command, "--help"]);
        assert_eq!(code, 0, "{command}");
        for argument in arguments {
            assert!(help.contains(argument), "{command}: {argument}: {help}");
        }
    }
    let (code, version, _) = run(&["--version"]);
    assert_eq!(
        (code, version),
        (0, format!("tailor {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn what_editors_and_shells_get_is_that_of_the_program() {
    for (of, key) in [("config", "bff"), ("fixture", "downstreams")] {
        let (code, said, error) = run(&["schema", of]);
        let schema: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(code, 0, "{error}");
        assert!(schema["properties"][key].is_object(), "{said}");
    }
    for (shell, begins) in [
        ("bash", "_tailor()"),
        ("zsh", "#compdef tailor"),
        ("fish", "# Print an optspec"),
        ("elvish", "\nuse builtin"),
        ("powershell", "\nusing namespace"),
    ] {
        let (code, said, error) = run(&["completions", shell]);
        assert_eq!(code, 0, "{error}");
        assert!(
            said.starts_with(begins) && said.contains("replay"),
            "{said}"
        );
    }
    let (code, said, _) = run(&["man"]);
    assert!(code == 0 && said.contains(".TH tailor 1"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let (code, _, error) = run(&["man", "--dir", &text(dir.path())]);
    assert_eq!(code, 0, "{error}");
    let page = std::fs::read_to_string(dir.path().join("tailor-test.1")).unwrap();
    assert!(
        page.contains(".TH tailor-test 1") && page.contains("junit"),
        "{page}"
    );
    assert!(!dir.path().join("tailor-compile-worker.1").exists());
    let (code, _, error) = run(&["man", "--dir", "/dev/null/man"]);
    assert!(code == 1 && error.contains("/dev/null/man: "), "{error}");
}

#[test]
fn wrong_usage_exits_2() {
    for arguments in [
        &[][..],
        &["fly"],
        &["serve", "--port", "80"],
        &["call"],
        &["call", "x.wasm"],
        &["call", "x.wasm", "-f", "x.json", "--bff", "watch"],
        &["build", "x", "--all", "-o", "y"],
    ] {
        let (code, _, said) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains("Usage: tailor"), "{said}");
    }
}

/// The configuration of the demo, with all that it names in a folder of its own.
pub fn demo() -> (PathBuf, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let demo = std::fs::read_to_string(root().join("bffs/tailor.toml")).unwrap();
    // But for the BFF in Python: each of these tests would compile its interpreter for ten seconds.
    let parts = demo.split("\n\n").filter(|part| !part.contains("coach"));
    let demo = parts.collect::<Vec<_>>().join("\n\n");
    for name in ["watch", "dashboard", "partner", "phone"] {
        let folder = dir.path().join("target/components");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(example(name).unwrap(), folder.join(format!("{name}.wasm"))).unwrap();
    }
    let path = dir.path().join("tailor.toml");
    std::fs::write(&path, format!("engine.data-dir = \"data\"\n{demo}")).unwrap();
    (path, dir)
}

#[test]
fn check_says_what_would_be_served() {
    let (path, _dir) = demo();
    // It does not bind: the ports of the demo may be in use.
    let taken = std::net::TcpListener::bind("127.0.0.1:8080");
    let (code, said, error) = run(&["check", "--config", &text(&path)]);
    drop(taken);
    assert_eq!(code, 0, "{error}");
    let lines: Vec<&str> = said.lines().collect();
    let [dashboard, partner, phone, watch, ok] = lines[..] else {
        panic!("{said}");
    };
    for (line, bff, grants) in [
        (
            dashboard,
            "dashboard",
            "activity, goals, heart, profile, sleep",
        ),
        (partner, "partner", "activity, heart, sleep"),
        (phone, "phone", "activity, goals, heart, profile, sleep"),
        (watch, "watch", "activity, heart, sleep"),
    ] {
        let size = std::fs::metadata(example(bff).unwrap()).unwrap().len();
        assert!(line.starts_with(&format!("{bff}: version ")), "{line}");
        assert!(
            line.ends_with(&format!(", {size} bytes, may call {grants}")),
            "{line}"
        );
    }
    assert_eq!(ok, "ok: 4 BFFs, 5 routes, 5 downstreams");
    let open = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, open.replace("127.0.0.1:8081", "0.0.0.0:0")).unwrap();
    let (code, said, error) = run(&["check", "--config", &text(&path)]);
    assert_eq!(code, 0, "{error}");
    let warning = "\nwarning: admin.listen: other machines can reach 0.0.0.0:0";
    assert!(said.contains(warning), "{said}");
    let small = open.replace("[server]", "[server]\nmax-bytes-in-flight = \"4MiB\"");
    std::fs::write(&path, small).unwrap();
    let (code, said, error) = run(&["check", "--config", &text(&path)]);
    assert_eq!(code, 0, "{error}");
    let warning = "\nwarning: bff.watch.limits.response-size: a connection may hold 778KiB for a \
                   BFF, a fifth of server.max-bytes-in-flight (4MiB), and answers up to 1MiB are \
                   allowed: larger ones are 503 host-memory; lower it, or write at least \"8MiB\" \
                   there\n";
    assert!(said.contains(warning), "{said}");
}

#[test]
fn check_reports_all_that_is_wrong() {
    let (path, dir) = demo();
    let demo = std::fs::read_to_string(&path).unwrap();
    let wrong = demo
        .replace("deadline = \"800ms\"", "deadline = \"800\"")
        .replace("bff = \"partner\"", "bff = \"partners\"")
        .replace("engine.data-dir", "engine.instance = 1\nengine.data-dir");
    std::fs::write(&path, &wrong).unwrap();
    let (code, said, error) = run(&["check", "--config", &text(&path)]);
    assert_eq!((code, said.as_str()), (1, ""));
    for part in [
        "tailor: ",
        "engine.instance",
        "bff.watch.deadline",
        "partners",
        "did you mean",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let line = wrong
        .lines()
        .position(|line| line.contains("\"800\""))
        .unwrap()
        + 1;
    assert!(error.contains(&format!("tailor.toml:{line}:")), "{error}");

    // Components are loaded, too, and all that are refused are named.
    std::fs::write(&path, demo).unwrap();
    for name in ["watch", "partner"] {
        let file = dir.path().join(format!("target/components/{name}.wasm"));
        std::fs::write(file, "no component").unwrap();
    }
    let (code, _, error) = run(&["check", "--config", &text(&path)]);
    assert_eq!(code, 1);
    for bff in ["bff.watch: component: ", "bff.partner: component: "] {
        assert!(error.contains(bff), "{error}");
    }
}

#[test]
fn build_makes_a_component_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    // The BFFs are built by then, so this only has to see that nothing changed.
    let built = example("watch").unwrap();
    let output = dir.path().join("face.wasm");
    let folder = text(&root().join("bffs/watch"));
    let (code, said, error) = run(&["build", &folder, "--output", &text(&output)]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(said, format!("{}\n", output.display()));
    assert_eq!(
        std::fs::read(output).unwrap(),
        std::fs::read(built).unwrap()
    );
}

#[test]
fn build_says_what_is_no_bff() {
    let dir = tempfile::tempdir().unwrap();
    let folder = text(dir.path());
    let (code, said, error) = run(&["build", &folder]);
    assert_eq!((code, said.as_str()), (1, ""));
    let wanted = format!("tailor: {folder}: not a BFF: looked for Cargo.toml (Rust), package.json");
    assert!(error.contains(&wanted), "{error}");
    let (code, _, error) = run(&["build", &folder, "--all"]);
    assert_eq!(
        (code, error.contains("no BFF in here")),
        (1, true),
        "{error}"
    );
    let (code, _, error) = run(&["build", "/nonexistent"]);
    assert_eq!((code, error.contains("/nonexistent")), (1, true), "{error}");
    // A package of JavaScript is no BFF by itself.
    std::fs::write(dir.path().join("package.json"), r#"{"name": "x"}"#).unwrap();
    let (code, _, error) = run(&["build", &folder]);
    assert_eq!(
        (code, error.contains("package.json: not a BFF")),
        (1, true),
        "{error}"
    );
}

#[test]
fn check_and_serve_agree_on_a_file() {
    let builder = TestHost::builder().unwrap();
    let builder = builder
        .file("echo.wasm", &modules::echo(Part::Path))
        .unwrap();
    let (path, _dir) = builder
        .config(ECHO)
        .config("[[route]]\nbff = \"no\"")
        .write()
        .unwrap();
    let config = text(&path);
    let check = run(&["check", "-c", &config]);
    assert_eq!(check.0, 1);
    assert_eq!(run(&["serve", "-c", &config]), check);
}

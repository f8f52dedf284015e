//! The line and the column that the log and the build name for what TypeScript throws: those of the
//! author's sources, in the real engine.

use std::path::Path;
use std::time::Duration;

use tailor::build::{BuildOptions, build};
use tailor_harness::components::{example, root};
use tailor_harness::{Offline, json};

const MAIN: &str = include_str!("throws/main.ts");
const PACKAGE: &str = include_str!("throws/thrower.js");
const ASYNC: &str = include_str!("throws/async.ts");
const ASYNC_PACKAGE: &str = include_str!("throws/async-thrower.js");

/// A BFF in TypeScript that has the tools of `partner`, and a package of its own.
pub fn bff(at: &Path) -> std::path::PathBuf {
    example("partner").unwrap();
    let modules = at.join("node_modules");
    std::fs::create_dir_all(modules.join("thrower")).unwrap();
    for entry in std::fs::read_dir(root().join("bffs/partner/node_modules")).unwrap() {
        let entry = entry.unwrap();
        std::os::unix::fs::symlink(entry.path(), modules.join(entry.file_name())).unwrap();
    }
    let write = |path: &str, text: &str| std::fs::write(at.join(path), text).unwrap();
    write("node_modules/thrower/index.js", PACKAGE);
    let thrower = r#"{"name": "thrower", "version": "1.0.0", "main": "index.js"}"#;
    write("node_modules/thrower/package.json", thrower);
    std::fs::create_dir_all(at.join("bff/src")).unwrap();
    std::fs::create_dir_all(at.join("local")).unwrap();
    write(
        "local/package.json",
        r#"{"name": "local", "version": "1.0.0"}"#,
    );
    let manifest = serde_json::json!({
        "name": "bff",
        "private": true,
        "type": "module",
        "tailor": {"entry": "src/main.ts", "wit": root().join("wit")},
        "dependencies": {"local": "file:../local"},
    });
    write("bff/package.json", &manifest.to_string());
    at.join("bff")
}

/// A place that a comment in a source marks.
#[derive(Clone)]
struct Mark {
    /// The path of the request.
    name: String,
    /// Which call of the stack, from the innermost.
    call: usize,
    /// `src/main.ts:8:50`.
    place: String,
}

/// The marks of a source: each `/*@name 1*/` stands before what the log has to name.
fn marks_of(file: &str, text: &str) -> Vec<Mark> {
    let parts: Vec<&str> = text.split("/*@").collect();
    let mut end = parts[0].len();
    let mut marks = Vec::new();
    for part in &parts[1..] {
        let (mark, _) = part.split_once("*/").unwrap();
        let (name, call) = mark.split_once(' ').unwrap_or((mark, "0"));
        let before = &text[..end + mark.len() + 5];
        let line = before.lines().count();
        let column = before.len() + 1 - before.rfind('\n').map_or(0, |end| end + 1);
        marks.push(Mark {
            name: name.to_owned(),
            call: call.parse().unwrap(),
            place: format!("{file}:{line}:{column}"),
        });
        end += part.len() + 3;
    }
    marks
}

/// The places of a stack in the log: `name file:line:column < name file:line:column`.
fn places(stack: &str) -> Vec<&str> {
    let calls = stack.split(" < ");
    calls
        .map(|call| call.rsplit_once(' ').map_or(call, |(_, place)| place))
        .collect()
}

#[tokio::test]
async fn each_throw_in_typescript_is_logged_with_its_line_and_column() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    std::fs::write(folder.join("src/main.ts"), MAIN).unwrap();
    let mut marks = marks_of("src/main.ts", MAIN);
    marks.extend(marks_of("../node_modules/thrower/index.js", PACKAGE));
    assert!(marks.len() >= 40);
    each_is_logged(&folder, marks).await;
}

#[tokio::test]
async fn each_throw_after_a_promise_is_logged_with_its_line_and_column() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    std::fs::write(folder.join("src/main.ts"), ASYNC).unwrap();
    let package = at.path().join("node_modules/async-thrower");
    std::fs::create_dir_all(&package).unwrap();
    let manifest =
        r#"{"name": "async-thrower", "version": "1.0.0", "type": "module", "main": "index.js"}"#;
    std::fs::write(package.join("package.json"), manifest).unwrap();
    std::fs::write(package.join("index.js"), ASYNC_PACKAGE).unwrap();
    let mut marks = marks_of("src/main.ts", ASYNC);
    let file = "../node_modules/async-thrower/index.js";
    marks.extend(marks_of(file, ASYNC_PACKAGE));
    assert!(marks.len() >= 38);
    each_is_logged(&folder, marks).await;
}

/// Each mark of these sources is where the log says that something was thrown.
async fn each_is_logged(folder: &Path, mut marks: Vec<Mark>) {
    let built = build(folder, &BuildOptions::default(), &mut |_| ()).unwrap();
    let offline = Offline::from_file(&built.component)
        .unwrap()
        .service("heart", |_| async { Ok(json("72")) });
    marks.sort_by(|one, other| one.name.cmp(&other.name));
    let mut wrong = Vec::new();
    for named in marks.chunk_by(|one, other| one.name == other.name) {
        let name = &named[0].name;
        let invoked = offline.get(&format!("/{name}")).await;
        assert!(invoked.result.is_err(), "{name}: nothing was thrown");
        let line = &invoked.log[0];
        let stack = line.fields.iter().find(|(field, _)| field == "stack");
        let stack = stack.map_or("", |(_, value)| value.as_str());
        for Mark { call, place, .. } in named {
            if places(stack).get(*call) != Some(&place.as_str()) {
                wrong.push(format!(
                    "{name} {call}: {place} is not in {}: {stack}",
                    line.message
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is logged beside the author's line, for each kind of limit: the kit's message, and the host's
/// error.
fn said(name: &str) -> (&'static str, &'static str) {
    match name.split('-').next().unwrap() {
        "recursion" | "deep" => (
            "RangeError: Maximum call stack size exceeded",
            "unreachable",
        ),
        "loop" | "pattern" => (
            "CpuTimeUsedUp: the request was ended here: it has used its CPU time (limits.cpu)",
            "of CPU time",
        ),
        _ => ("InternalError: out of memory", "bytes of memory"),
    }
}

#[tokio::test]
async fn recursion_loops_and_memory_past_their_limits_are_logged_with_the_authors_line() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let source = root().join("tests/integration/throws/limits.ts");
    let text = std::fs::read_to_string(source).unwrap();
    std::fs::write(folder.join("src/main.ts"), &text).unwrap();
    let built = build(&folder, &BuildOptions::default(), &mut |_| ()).unwrap();
    let plain = Offline::from_file(&built.component).unwrap();
    let mut wrong = Vec::new();
    for Mark { name, place, .. } in marks_of("src/main.ts", &text) {
        // On a busy machine, memory takes time.
        let offline = plain.again().settings(|bff| {
            if name.starts_with("memory") {
                bff.limits.memory = 16 << 20;
                bff.limits.cpu = Duration::from_secs(20);
                bff.deadline = Duration::from_secs(30);
            }
        });
        let invoked = offline.get(&format!("/{name}")).await;
        let error = invoked.result.unwrap_err().to_string();
        let message = invoked.log.first().map_or("", |line| &*line.message);
        let fields = invoked.log.first().map_or(&[][..], |line| &line.fields);
        let stack = fields.first().map_or("", |(_, stack)| stack.as_str());
        let (line, _) = place.rsplit_once(':').unwrap();
        let (kit, host) = said(&name);
        let first = places(stack).first().is_some_and(|place| {
            place
                .rsplit_once(':')
                .is_some_and(|(found, _)| found == line)
        });
        if !first || message != kit || !error.contains(host) {
            let cpu = invoked.cost.cpu_us;
            wrong.push(format!(
                "{name}: {line}: {error}: {cpu} us: {message}: {stack}"
            ));
        }
    }
    // The engine's own code, which calls none of the author's, is ended by the host.
    for path in ["/deep-json", "/deep-text"] {
        let error = plain.get(path).await.result.unwrap_err().to_string();
        assert!(error.starts_with("the stack ran out"), "{path}: {error}");
    }
    assert_eq!(plain.get("/good").await.result.unwrap().body, "1");
    // The kit counts the levels of what others send, and takes as many as the engine can write.
    let most = plain.get("/levels/1000").await.result.unwrap().body;
    assert_eq!(most.len(), 2001);
    for levels in ["1001", "100000"] {
        let answer = plain.get(&format!("/levels/{levels}")).await;
        assert_eq!(answer.result.unwrap().body, "\"unreadable\"", "{levels}");
    }
    let depth = plain.get("/depth").await.result.unwrap().body;
    let depth: u32 = std::str::from_utf8(&depth).unwrap().parse().unwrap();
    assert!(depth > 150, "{depth}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is wrong at module level, with the mark of its place.
const MODULE_LEVEL: &[(&str, &str)] = &[
    (
        "const table = JSON./*@0*/parse(\n  `{`,\n);\nexport const steps = table;",
        "Expected property name",
    ),
    (
        "const nothing = (): any => undefined;\nexport const steps = {\n  a: 1,\n  b: nothing()./*@0*/x,\n};",
        "cannot read property 'x' of undefined",
    ),
    (
        "import { config } from \"@tailor/kit\";\nexport const zone = `${/*@0*/config(\"zone\")}`;",
        "config() at module level",
    ),
    (
        "import { config } from \"tailor:bff/runtime@0.1.1\";\nexport const zone = `${/*@0*/config(\"zone\")}`;",
        "config() at module level",
    ),
    (
        "import { thrown } from \"thrower\";\nexport const steps =\n  /*@0*/thrown(1);",
        "from a package",
    ),
    (
        "import { now } from \"thrower\";\nexport const built = /*@0*/now();",
        "Date.now() at module level",
    ),
    (
        "export const day = [\n  /*@0*/new Date(),\n];",
        "new Date() at module level",
    ),
];

#[test]
fn what_fails_at_module_level_of_typescript_fails_the_build_with_line_and_column() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let main = "import { bff, get, json } from \"@tailor/kit\";\nimport * as settings from \"./settings.ts\";\n\
                export const handler = bff([get(\"/\", () => json(settings))]);\n";
    std::fs::write(folder.join("src/main.ts"), main).unwrap();
    for (text, expected) in MODULE_LEVEL {
        std::fs::write(folder.join("src/settings.ts"), text).unwrap();
        let error = build(&folder, &BuildOptions::default(), &mut |_| ()).err();
        let error = format!("{:#}", anyhow::Error::from(error.expect(text)));
        let place = &marks_of("src/settings.ts", text)[0].place;
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&format!("({place})")), "{place}: {error}");
    }
}

#[test]
fn module_level_code_that_does_not_end_fails_the_build_with_its_function() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let file = folder.join("package.json");
    let manifest = std::fs::read_to_string(&file).unwrap();
    let set = |key: &str, value: u32| {
        let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        manifest["tailor"][key] = value.into();
        std::fs::write(&file, manifest.to_string()).unwrap();
    };
    let main = "import { bff, get, json } from \"@tailor/kit\";\nimport { spin } from \"./tables.ts\";\n\
                const table = spin();\n\
                export const handler = bff([get(\"/\", () => json(table))]);\n";
    std::fs::write(folder.join("src/main.ts"), main).unwrap();
    for (key, limit, body, found) in [
        ("module-seconds", 10, "steps += 1", "ran for more than 10s"),
        (
            "module-mib",
            700,
            "all.push([all.length])",
            "took more than 700 MiB of memory",
        ),
    ] {
        set(key, limit);
        let spin = format!(
            "const all: unknown[] = [];\nexport function spin(): number {{\n  let steps = 0;\n  \
             for (;;) {body};\n  return steps + all.length;\n}}\n"
        );
        std::fs::write(folder.join("src/tables.ts"), spin).unwrap();
        let error = build(&folder, &BuildOptions::default(), &mut |_| ()).err();
        let error = format!("{:#}", anyhow::Error::from(error.expect(key)));
        assert!(error.contains(found), "{error}");
        let place = "module-level code of src/main.ts, in spin src/tables.ts:4:";
        assert!(error.contains(place), "{error}");
        assert!(error.contains(&format!("raise \"{key}\"")), "{error}");
    }
}

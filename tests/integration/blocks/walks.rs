//! The walks of the book, each from its first command to its last, in a folder of its own.

use std::path::{Path, PathBuf};

use downstream_mock::Services;
use tailor_harness::components::{example, root};
use tailor_harness::{Process, TestHost};

use super::console::holds;
use super::shell::{installed, run};
use super::{block, blocks_of};
use crate::wire::{Wire, get, until};

/// An empty folder for a repository. What builds of `name` made in the last run stays there.
fn empty(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("walk-{name}"));
    let repository = folder.join(name);
    if let Ok(entries) = std::fs::read_dir(&repository) {
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.ends_with("target") {
                continue;
            }
            let is_folder = path.is_dir() && !path.is_symlink();
            let removed = match is_folder {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            };
            removed.unwrap();
        }
    }
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The BFF of this name in a host with these settings, beside the services of the demo.
async fn serve(repository: &Path, name: &str, settings: &str) -> (TestHost, Services) {
    let services = Services::start().unwrap();
    let file = format!("{name}.wasm");
    let component = std::fs::read(repository.join("target/components").join(&file)).unwrap();
    let settings = settings.replace("target/components/", "");
    let builder = TestHost::builder().unwrap();
    let builder = builder.file(&file, &component).unwrap();
    let builder = builder.services(&services, "").config(&settings);
    (builder.start().await.unwrap(), services)
}

/// The BFF in the configuration of its folder, and the route to it: the rest has addresses that are
/// not free here.
fn settings(repository: &Path) -> String {
    let text = std::fs::read_to_string(repository.join("tailor.toml")).unwrap();
    let (_, settings) = text.split_once("\n[bff.").unwrap();
    format!("[bff.{settings}")
}

/// What that BFF answers about a day's goals.
async fn served(repository: &Path, name: &str) -> String {
    let (host, _services) = serve(repository, name, &settings(repository)).await;
    let target = format!("/{name}/ada/goals?date=2026-01-15");
    let answer = host.get(&target).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

/// Makes the folder of a BFF as its page does, and looks whether the page shows these files of it
/// byte for byte, each by how it begins there.
fn made(name: &str, page: &str, new: &str, files: &[(&str, &str)]) -> PathBuf {
    let parent = empty(name);
    // The packages that the page installs are those of `phone`.
    example("phone").unwrap();
    let draft = tempfile::tempdir_in(&parent).unwrap();
    run(draft.path(), &block(page, new));
    let folder = parent.join(name);
    move_all(&draft.path().join(name), &folder);
    for (file, begins) in files {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let shown = block(page, begins);
        assert!(
            text.ends_with(&shown),
            "{page} does not show {file} as it is"
        );
    }
    folder
}

/// Moves what is in a folder into another one, beside what builds made there.
fn move_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_rust_from_an_empty_folder() {
    let page = "docs/write/rust.md";
    let files = [
        ("src/lib.rs", "//! The backend of a treadmill"),
        ("fixtures/good-day.json", "{"),
        ("tailor.toml", "# The services"),
    ];
    let folder = made("treadmill", page, "tailor new treadmill", &files);
    let tested = run(&folder, &block(page, "cargo test"));
    assert!(tested.contains("3 passed"), "{tested}");
    // What its workflow asks for beside that.
    run(
        &folder,
        "cargo fmt --check && cargo clippy --all-targets -- -D warnings",
    );

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(called.contains("+ Steps, - Sleep"), "{called}");
    // The stack that the kit wants: with the usual one alone it would be 1 MiB more.
    let (_, memory) = called.split_once("\"memory\": ").unwrap();
    let (memory, _) = memory.split_once(',').unwrap();
    assert!(memory.parse::<u64>().unwrap() < 512 << 10, "{called}");
    let tested = run(&folder, &block("docs/write/testing.md", "tailor test"));
    assert!(tested.contains("2 passed, 0 failed"), "{tested}");
    run(&folder, "tailor check");
    let answer = served(&folder, "treadmill").await;
    assert!(answer.starts_with(['+', '-']), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_typescript_from_an_empty_folder() {
    let page = "docs/write/typescript.md";
    let files = [
        ("src/main.ts", "/** The backend of bathroom scales"),
        ("test/main.test.ts", "import assert"),
        ("fixtures/no-profile.json", "{"),
        ("tailor.toml", "# The services"),
    ];
    let folder = made("scales", page, "tailor new scales", &files);
    let tested = run(&folder, &block(page, "npm run check"));
    assert!(tested.contains("# pass 4"), "{tested}");

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(called.contains("weight_kg"), "{called}");
    run(&folder, "tailor check");
    let answer = served(&folder, "scales").await;
    assert!(answer.contains("\"weight_kg\":"), "{answer}");
}

#[test]
fn a_bff_in_python_from_an_empty_folder() {
    let page = "docs/write/python.md";
    let files = [
        ("src/main.py", r#""""The backend of bathroom scales"#),
        ("tests/test_main.py", "import unittest"),
        ("fixtures/no-profile.json", "{"),
        ("tailor.toml", "# The services"),
    ];
    let folder = made("balance", page, "tailor new balance", &files);
    // The code of its component is kept, as the answer of a host would not be: a test that asks one
    // would compile the interpreter each time. `.ci/new` does.
    let tested = run(&folder, &block(page, "tailor build ."));
    assert!(tested.contains("ok   python3 -m unittest"), "{tested}");
    assert!(tested.contains("2 passed, 0 failed"), "{tested}");
    // What pip would install from here is the kit of this version.
    let manifest = std::fs::read_to_string(folder.join("vendor/tailor-kit/pyproject.toml"));
    assert!(manifest.unwrap().contains(env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_hono_from_an_empty_folder() {
    let page = "docs/write/hono.md";
    let files = [
        ("src/main.ts", "/** The backend of a bathroom mirror"),
        ("test/main.test.ts", "import assert"),
        ("fixtures/slow-profile.json", "{"),
    ];
    let folder = made("mirror", page, "tailor new mirror", &files);
    let tested = run(&folder, &block(page, "npm run check"));
    assert!(tested.contains("# pass 3"), "{tested}");

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(
        called.contains("\"greeting\": \"Good morning\""),
        "{called}"
    );
    run(&folder, "tailor check");
    let (host, services) = serve(&folder, "mirror", &settings(&folder)).await;
    if installed("curl") {
        holds(page, "$ curl", &host, &services).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_of_workers_from_an_empty_folder() {
    let page = "docs/write/workers.md";
    let folder = empty("earbuds");
    run(&folder, &block(page, "mkdir -p earbuds/src"));
    let folder = folder.join("earbuds");
    let both = block(page, "{ \"extends\"");
    let (ours, tests) = both.split_once('\n').unwrap();
    for (name, text) in [("tsconfig.json", ours), ("tsconfig.test.json", tests)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for (name, begins) in [
        ("package.json", "{\n  \"name\""),
        ("src/index.ts", "/** The backend of the earbuds"),
        ("test/index.test.ts", "import assert"),
        ("fixtures/steps-to-go.json", "{\n  \"request\""),
    ] {
        std::fs::write(folder.join(name), block(page, begins)).unwrap();
    }
    example("phone").unwrap();
    let tested = run(&folder, &block(page, "npm install"));
    assert!(tested.contains("# pass 2"), "{tested}");

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(called.contains("\"say\": \"577 steps to go\""), "{called}");
    let (host, services) = serve(&folder, "earbuds", &block(page, "[bff.earbuds]")).await;
    if installed("curl") {
        holds(page, "$ curl", &host, &services).await;
    }
}

/// What `tailor init` makes of a package that has a source, up to its first answer.
#[test]
fn a_package_of_npm_becomes_a_bff_and_stays_what_it_was() {
    let folder = empty("washstand");
    let folder = folder.join("washstand");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let source = "import { Hono } from \"hono\";\nconst app = new Hono();\n\
                  app.get(\"/\", (c) => c.text(\"good morning\"));\nexport default app;\n";
    let manifest = "{\n  \"name\": \"@team/washstand\",\n  \"type\": \"commonjs\",\n  \
                    \"dependencies\": { \"hono\": \"4.13.19\" }\n}\n";
    for (name, text) in [("src/index.ts", source), ("package.json", manifest)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    example("phone").unwrap();
    let said = run(&folder, "tailor init");
    assert!(
        said.contains("added  package.json: tailor.entry\n"),
        "{said}"
    );
    let again = run(&folder, "tailor init");
    assert!(!again.contains("added"), "{again}");
    let kept = std::fs::read_to_string(folder.join("package.json")).unwrap();
    let (beginning, _) = manifest.rsplit_once(" }\n}").unwrap();
    assert!(kept.starts_with(beginning), "{kept}");
    let script = "npm install\nnpm run check\ntailor build .\ntailor check\n\
                  tailor call target/components/washstand.wasm --fixture fixtures/first.json";
    let called = run(&folder, script);
    assert!(called.contains("good morning"), "{called}");
}

#[test]
fn the_smallest_configuration_is_checked_and_served() {
    let page = "docs/operate/run.md";
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(example("watch").unwrap(), dir.path().join("watch.wasm")).unwrap();
    // Beside other hosts of this machine.
    let here = "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n\
                engine.data-dir = \"data\"\n";
    let config = format!("{here}{}", block(page, "[downstream.activity]"));
    std::fs::write(dir.path().join("tailor.toml"), config).unwrap();
    let said = run(dir.path(), &block(page, "tailor check"));
    assert!(
        said.contains("ok: 1 BFFs, 1 routes, 1 downstreams"),
        "{said}"
    );
}

/// The watch face, whose component is in a folder of its own.
const LIVE: &str = r#"
log.format = "json"
[downstream.activity]
url = "http://127.0.0.1:9101"
[downstream.heart]
url = "http://127.0.0.1:9102"
[downstream.sleep]
url = "http://127.0.0.1:9103"
[bff.watch]
component = "live/watch.wasm"
downstreams = ["activity", "heart", "sleep"]
[[route]]
bff = "watch"
path = "/watch"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_deployed_by_a_copy() {
    let page = "docs/operate/deploy.md";
    let builder = TestHost::builder().unwrap();
    let builder = builder.example("watch").unwrap().config(LIVE);
    let (config, dir) = builder.write().unwrap();
    // What is live is another component; the new one lies in the folder.
    let live = dir.path().join("live");
    std::fs::create_dir(&live).unwrap();
    std::fs::copy(example("dashboard").unwrap(), live.join("watch.wasm")).unwrap();
    let fixture = root().join("bffs/watch/fixtures/sleep-times-out.json");
    std::fs::copy(fixture, dir.path().join("f.json")).unwrap();

    let process = Process::serve(&config).unwrap();
    let looked = run(dir.path(), "tailor inspect watch.wasm");
    let version = looked.lines().find_map(|line| line.strip_prefix("version"));
    let version = version.unwrap().trim().to_owned();
    let ship = block(page, "cp watch.wasm").replace("/srv/bffs", &live.display().to_string());
    run(dir.path(), &ship);
    let admin = process.admin_address().unwrap();
    until(async || {
        let bffs = Wire::ask(admin, &get("/bffs", "")).await.body;
        bffs.contains(&version).then_some(())
    })
    .await;

    let checked = run(dir.path(), &block(page, "tailor inspect"));
    assert!(checked.contains("ok: 1 BFFs"), "{checked}");
    assert_eq!(
        blocks_of(page)
            .iter()
            .filter(|it| it.language == "sh")
            .count(),
        2
    );
}

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

/// The BFF of this name in a host with the settings of its page, beside the services of the demo.
async fn serve(repository: &Path, name: &str, page: &str) -> (TestHost, Services) {
    let services = Services::start().unwrap();
    let file = format!("{name}.wasm");
    let component = std::fs::read(repository.join("target/components").join(&file)).unwrap();
    let settings = block(page, &format!("[bff.{name}]")).replace("target/components/", "");
    let builder = TestHost::builder().unwrap();
    let builder = builder.file(&file, &component).unwrap();
    let builder = builder.services(&services, "").config(&settings);
    (builder.start().await.unwrap(), services)
}

/// What that BFF answers about a day's goals.
async fn served(repository: &Path, name: &str, page: &str) -> String {
    let (host, _services) = serve(repository, name, page).await;
    let target = format!("/{name}/ada/goals?date=2026-01-15");
    let answer = host.get(&target).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

/// Writes the files of a BFF in TypeScript that its page shows, beside those that differ.
fn write_typescript(folder: &Path, page: &str, files: &[(&str, &str)]) {
    let both = block(page, "{ \"extends\"");
    let (ours, tests) = both.split_once('\n').unwrap();
    for (name, text) in [("tsconfig.json", ours), ("tsconfig.test.json", tests)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for (name, begins) in [("package.json", "{\n  \"name\"")].iter().chain(files) {
        std::fs::write(folder.join(name), block(page, begins)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_rust_from_an_empty_folder() {
    let page = "docs/write/rust.md";
    let folder = empty("treadmill");
    run(&folder, &block(page, "mkdir -p treadmill/src"));
    let folder = folder.join("treadmill");
    let code = block(page, "//! The backend of the treadmill");
    let file = folder.join("src/lib.rs");
    std::fs::write(&file, &code).unwrap();
    let tested = run(&folder, &block(page, "cargo test"));
    assert!(tested.contains("2 passed"), "{tested}");

    let fixture = block(page, "{\n  \"request\"");
    std::fs::write(folder.join("fixtures/morning.json"), fixture).unwrap();
    // The page on tests has one more, for its module.
    let code = code.trim_end().strip_suffix('}').unwrap();
    let test = block("docs/write/testing.md", "#[test]");
    std::fs::write(&file, format!("{code}\n{test}}}\n")).unwrap();
    let tested = run(&folder, "cargo test");
    assert!(tested.contains("3 passed"), "{tested}");

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(called.contains("+ Steps, - Sleep"), "{called}");
    // The stack that the kit wants: with the usual one alone it would be 1 MiB more.
    let (_, memory) = called.split_once("\"memory\": ").unwrap();
    let (memory, _) = memory.split_once(',').unwrap();
    assert!(memory.parse::<u64>().unwrap() < 512 << 10, "{called}");
    run(&folder, &block("docs/write/testing.md", "tailor call"));
    let answer = served(&folder, "treadmill", page).await;
    assert!(answer.starts_with(['+', '-']), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_typescript_from_an_empty_folder() {
    let page = "docs/write/typescript.md";
    let folder = empty("scales");
    run(&folder, &block(page, "mkdir -p scales/src"));
    let folder = folder.join("scales");
    let files = [
        ("src/main.ts", "/** The backend of the bathroom scales"),
        ("test/main.test.ts", "import assert"),
        ("fixtures/no-profile.json", "{\n  \"request\""),
    ];
    write_typescript(&folder, page, &files);
    // What is installed is what `phone` has.
    example("phone").unwrap();
    run(&folder, &block(page, "npm install"));

    let called = run(&folder, &block(page, "tailor build ."));
    assert!(called.contains("weight_kg"), "{called}");
    let answer = served(&folder, "scales", page).await;
    assert!(answer.contains("\"weight_kg\":"), "{answer}");
}

/// Walks a page about an app of the web by its blocks, up to the answers that it shows. `shown` is in
/// that of its fixture.
async fn walk_of_an_app(
    name: &str,
    page: &str,
    [folders, install, build, curl]: [&str; 4],
    files: &[(&str, &str)],
    shown: &str,
) {
    let folder = empty(name);
    run(&folder, &block(page, folders));
    let folder = folder.join(name);
    write_typescript(&folder, page, files);
    // What is installed is what `phone` has.
    example("phone").unwrap();
    let tested = run(&folder, &block(page, install));
    assert!(tested.contains("# pass 2"), "{tested}");

    let called = run(&folder, &block(page, build));
    assert!(called.contains(shown), "{called}");
    let (host, services) = serve(&folder, name, page).await;
    if installed("curl") {
        holds(page, curl, &host, &services).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_hono_from_an_empty_folder() {
    let files = [
        ("src/main.ts", "/** The backend of the bathroom mirror"),
        ("test/main.test.ts", "import assert"),
        ("fixtures/slow-profile.json", "{\n  \"request\""),
    ];
    let shown = "\"greeting\": \"Good morning\"";
    let blocks = [
        "mkdir -p mirror/src",
        "npm install",
        "tailor build .",
        "$ curl",
    ];
    walk_of_an_app("mirror", "docs/write/hono.md", blocks, &files, shown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_of_workers_from_an_empty_folder() {
    let files = [
        ("src/index.ts", "/** The backend of the earbuds"),
        ("test/index.test.ts", "import assert"),
        ("fixtures/steps-to-go.json", "{\n  \"request\""),
    ];
    let shown = "\"say\": \"577 steps to go\"";
    let blocks = [
        "mkdir -p earbuds/src",
        "npm install",
        "tailor build .",
        "$ curl",
    ];
    walk_of_an_app("earbuds", "docs/write/workers.md", blocks, &files, shown).await;
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

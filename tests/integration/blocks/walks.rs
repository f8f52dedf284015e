//! The walks of the book, each from its first command to its last, in a folder of its own.

use std::path::{Path, PathBuf};

use downstream_mock::Services;
use tailor_harness::components::{example, root};
use tailor_harness::{Process, TestHost};

use super::shell::run;
use super::{block, blocks_of};
use crate::wire::{Wire, get, until};

/// What BFFs are written in of a clone, without what builds made. Its own builds stay from one run
/// to the next.
fn clone(name: &str) -> PathBuf {
    let clone = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for part in ["bffs", "wit"] {
        clear(&clone.join(part));
        copy(&root().join(part), &clone.join(part));
    }
    clone
}

const BUILT: [&str; 2] = ["target", "node_modules"];

fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() && !BUILT.iter().any(|built| name == *built) {
            copy(&path, &to.join(name));
        } else if path.is_file() {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// The answer of the BFF `scales` of a clone, with the settings of its page, beside the services
/// of the demo.
async fn served(clone: &Path, page: &str) -> String {
    let services = Services::start().unwrap();
    let component = std::fs::read(clone.join("bffs/target/components/scales.wasm")).unwrap();
    let settings = block(page, "[bff.scales]").replace("target/components/", "");
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("scales.wasm", &component).unwrap();
    let builder = builder.services(&services, "").config(&settings);
    let host = builder.start().await.unwrap();
    let target = "/scales/ada/goals?date=2026-01-15";
    let answer = host.get(target).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_rust_from_an_empty_folder() {
    let page = "docs/write/rust.md";
    let clone = clone("walk-rust");
    // It runs the tests of the example, too.
    let tested = run(&clone, &block(page, "mkdir -p bffs/scales/src"));
    assert!(tested.contains("2 passed"), "{tested}");

    let folder = clone.join("bffs/scales");
    let fixture = block(page, "{\n  \"request\"");
    std::fs::write(folder.join("fixtures/morning.json"), fixture).unwrap();
    // The page on tests has one more, for its module.
    let file = folder.join("src/lib.rs");
    let code = std::fs::read_to_string(&file).unwrap();
    let code = code.trim_end().strip_suffix('}').unwrap();
    let test = block("docs/write/testing.md", "#[test]");
    std::fs::write(&file, format!("{code}\n{test}}}\n")).unwrap();
    let tested = run(&clone, "cd bffs && cargo test -p scales");
    assert!(tested.contains("3 passed"), "{tested}");

    let called = run(&clone, &block(page, "cargo run --bin tailor -- build"));
    assert!(called.contains("+ Steps, - Sleep"), "{called}");
    run(&clone, &block("docs/write/testing.md", "tailor call"));
    let answer = served(&clone, page).await;
    assert!(answer.starts_with(['+', '-']), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bff_in_typescript_from_an_empty_folder() {
    let page = "docs/write/typescript.md";
    let clone = clone("walk-typescript");
    let folder = clone.join("bffs/scales");
    for name in ["src", "test", "fixtures"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let both = block(page, "{ \"extends\"");
    let (ours, tests) = both.split_once('\n').unwrap();
    for (name, text) in [
        ("package.json", block(page, "{\n  \"name\"")),
        ("tsconfig.json", ours.to_owned()),
        ("tsconfig.test.json", tests.to_owned()),
        (
            "src/main.ts",
            block(page, "/** The backend of the bathroom scales"),
        ),
        ("test/main.test.ts", block(page, "import assert")),
        ("fixtures/no-profile.json", block(page, "{\n  \"request\"")),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    // `npm install` would ask the registry what there is; with the lock file of the packages that
    // `partner` has, what was installed there is enough.
    let lock = std::fs::read_to_string(clone.join("bffs/partner/package-lock.json")).unwrap();
    let lock = lock.replace("@tailor/partner", "scales");
    std::fs::write(folder.join("package-lock.json"), lock).unwrap();
    run(&clone, "cp bffs/partner/.npmrc bffs/scales/");

    let called = run(&clone, &block(page, "cargo run --bin tailor -- build"));
    assert!(called.contains("weight_kg"), "{called}");
    run(&folder, "npm run check && npm test");
    let answer = served(&clone, page).await;
    assert!(answer.contains("\"weight_kg\":"), "{answer}");
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

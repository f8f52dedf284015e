//! The page about releases, from an empty host to a live release and back: by the commands, and
//! by the workflow of a pipeline.

use std::net::SocketAddr;

use tailor_harness::components::{example, root};
use tailor_harness::{Files, Process, TestHost};

use super::block;
use super::shell::run;
use crate::swap::page::{fragile, stamped};
use crate::wire::{Wire, beside, get};

const PAGE: &str = "docs/operate/releases.md";

/// A host without a component, with the BFF of the page, beside a folder with a component.
fn empty() -> (Process, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.service_at("activity", &["http://127.0.0.1:9101"]);
    let route = "[[route]]\nbff = \"watch\"\npath = \"/watch\"\n";
    let builder = builder.config("log.format = \"json\"\n");
    let builder = builder.config(&block(PAGE, "[bff.watch]"));
    let builder = builder
        .config(&block(PAGE, "[bff.watch.canary]"))
        .config(route);
    let (config, files) = builder.write().unwrap();
    std::fs::copy(example("watch").unwrap(), files.path().join("watch.wasm")).unwrap();
    (Process::serve(&config).unwrap(), files)
}

/// Runs lines of the page with this host.
pub fn typed(process: &Process, folder: &std::path::Path, lines: &str) -> String {
    let admin = process.admin_address().unwrap().to_string();
    let lines = lines.replace("127.0.0.1:8081", &admin);
    let before = format!(
        "unset TAILOR_TOKEN TAILOR_ID_TOKEN ACTIONS_ID_TOKEN_REQUEST_URL\nexport TAILOR_URL=http://{admin}\n"
    );
    run(folder, &(before + &lines))
}

async fn is_served(process: &Process) -> bool {
    let answer = Wire::ask(process.address().unwrap(), &get("/watch/nobody/x", "")).await;
    answer.code() != "bff-unavailable"
}

/// Another component: what is added is never read.
fn change(folder: &std::path::Path) {
    let file = folder.join("watch.wasm");
    let changed = stamped(&std::fs::read(&file).unwrap(), 10);
    std::fs::write(&file, changed).unwrap();
}

#[tokio::test]
async fn a_component_is_shipped_to_an_empty_host_and_undone() {
    let (process, files) = empty();
    assert!(!is_served(&process).await);
    let first = typed(&process, files.path(), &block(PAGE, "tailor status   "));
    assert!(
        first.contains("watch  nothing  -       -        -"),
        "{first}"
    );
    assert!(first.ends_with("watch: release 1 is live\n"), "{first}");
    assert!(is_served(&process).await);
    change(files.path());
    let begins = "tailor deploy watch watch.wasm --expect-live";
    let second = typed(&process, files.path(), &block(PAGE, begins));
    assert!(
        second.contains("watch: release 2 is live\nRELEASE  STATE"),
        "{second}"
    );
    assert!(second.contains("  sleep in minutes\n"), "{second}");
    assert!(second.contains(" goes back to "), "{second}");
    assert!(second.ends_with("watch: release 3 is live\n"), "{second}");
    let status = typed(&process, files.path(), "tailor status");
    assert!(status.contains("watch  newest  "), "{status}");
}

/// Asks for a page that a fragile component traps on, as one device after the other.
async fn provoke(address: SocketAddr) {
    for device in 0.. {
        let field = format!("x-device: {device}\r\n");
        Wire::ask(address, &get("/watch/x/!", &field)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_is_rolled_back_by_itself_and_another_one_promoted() {
    let (process, files) = empty();
    let component = files.path().join("watch.wasm");
    typed(&process, files.path(), &block(PAGE, "tailor status   "));
    std::fs::write(&component, fragile("v2")).unwrap();
    let asking = beside(provoke(process.address().unwrap()));
    let deploy = block(PAGE, "tailor deploy watch watch.wasm --canary");
    let ends_with_3 = format!("{} || test $? = 3", deploy.trim_end());
    let said = typed(&process, files.path(), &ends_with_3);
    asking.abort();
    assert!(said.contains("release 2 is rolled back: traps: "), "{said}");

    std::fs::write(&component, fragile("v3")).unwrap();
    let detached = "tailor deploy watch watch.wasm --canary --detach\n\
                    until tailor status watch | grep -q ' gets 10 % of the requests'; do\n\
                    sleep 0.1; done";
    typed(&process, files.path(), detached);
    let said = typed(&process, files.path(), &block(PAGE, "tailor status watch "));
    assert!(said.contains("0 in this step; it waits for "), "{said}");
    assert!(said.contains("watch: release 3 of "), "{said}");
    assert!(said.contains(" keeps its share\n"), "{said}");
    assert!(said.ends_with(" is live\n"), "{said}");
}

/// The lines that a workflow runs, step by step.
pub fn steps(workflow: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in workflow.lines() {
        let text = line.trim_start();
        match text.strip_prefix("- ") {
            Some(step) => {
                is_open = step == "run: |";
                steps.extend(
                    step.strip_prefix("run: ")
                        .filter(|_| !is_open)
                        .map(str::to_owned),
                );
                if is_open {
                    steps.push(String::new());
                }
            }
            None if is_open => {
                let step = steps.last_mut().unwrap();
                step.push_str(text);
                step.push('\n');
            }
            None => {}
        }
    }
    steps
}

/// What a workflow finds in its repository: a component that is built, its settings and fixtures.
const REPOSITORY: &str = r#"
engine.data-dir = "data"
[downstream.activity]
url = "http://127.0.0.1:9101"
[downstream.heart]
url = "http://127.0.0.1:9102"
[downstream.sleep]
url = "http://127.0.0.1:9103"
[bff.watch]
component = "target/components/watch.wasm"
downstreams = ["activity", "heart", "sleep"]
[[route]]
bff = "watch"
path = "/watch"
"#;

#[tokio::test]
async fn a_workflow_ships_what_is_pushed_without_a_terminal() {
    let (process, files) = empty();
    let repository = tempfile::tempdir().unwrap();
    let components = repository.path().join("target/components");
    std::fs::create_dir_all(&components).unwrap();
    std::fs::copy(
        files.path().join("watch.wasm"),
        components.join("watch.wasm"),
    )
    .unwrap();
    std::fs::write(repository.path().join("tailor.toml"), REPOSITORY).unwrap();
    let fixtures = repository.path().join("fixtures");
    std::fs::create_dir(&fixtures).unwrap();
    let fixture = root().join("bffs/watch/fixtures/face.json");
    std::fs::copy(fixture, fixtures.join("face.json")).unwrap();

    let steps = steps(&block(PAGE, "name: ship"));
    assert_eq!(steps.len(), 2, "{steps:?}");
    let environment = "export GITHUB_SHA=4f1c GITHUB_RUN_ID=12 GITHUB_RUN_ATTEMPT=1\n\
                       export GITHUB_SERVER_URL=https://git.example GITHUB_REPOSITORY=team/watch\n";
    let tested = typed(&process, repository.path(), &steps[0]);
    assert!(tested.contains("1 passed, 0 failed"), "{tested}");
    // A session of its own has no terminal.
    std::fs::write(repository.path().join("step.sh"), &steps[1]).unwrap();
    let step = format!("{environment}setsid --wait bash -euo pipefail step.sh < /dev/null");
    let shipped = typed(&process, repository.path(), &step);
    assert!(shipped.ends_with("watch: release 1 is live\n"), "{shipped}");
    assert!(is_served(&process).await);
    // Sent twice, it is one release.
    typed(&process, repository.path(), &step);
    let listed = typed(&process, repository.path(), "tailor releases watch");
    assert!(
        listed.ends_with("  4f1c https://git.example/team/watch/commit/4f1c\n"),
        "{listed}"
    );
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

//! The page about previews: from a host without a release to a version that holders of tokens see.

use tailor_harness::components::example;
use tailor_harness::{Files, Process, TestHost};

use super::block;
use super::ship::{steps, typed};
use crate::wire::{Wire, get};

const PAGE: &str = "docs/operate/previews.md";

/// A host with the configuration of the page, beside a folder with a component.
fn host() -> (Process, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.service_at("activity", &["http://127.0.0.1:9101"]);
    let route = "[[route]]\nbff = \"watch\"\npath = \"/watch\"\n";
    let builder = builder.config("log.format = \"json\"\n");
    let builder = builder.config(&block(PAGE, "[releases.preview]"));
    let (config, files) = builder.config(route).write().unwrap();
    std::fs::copy(example("watch").unwrap(), files.path().join("watch.wasm")).unwrap();
    (Process::serve(&config).unwrap(), files)
}

/// Whether clients get nothing yet.
async fn is_empty(process: &Process) -> bool {
    let answer = Wire::ask(process.address().unwrap(), &get("/watch/x", "")).await;
    answer.code() == "bff-unavailable"
}

#[tokio::test]
async fn a_version_is_shown_before_it_is_live() {
    let (process, files) = host();
    let said = typed(
        &process,
        files.path(),
        &block(PAGE, "tailor deploy watch watch.wasm --preview"),
    );
    assert!(
        said.contains("watch: release 1 is shown as pr-12\n"),
        "{said}"
    );
    let url = "https://pr-12--watch.preview.example.com/";
    assert!(said.contains(&format!("watch: {url} shows it")), "{said}");
    assert!(said.trim_end().ends_with(url), "{said}");
    assert!(is_empty(&process).await);
    let token = typed(&process, files.path(), &block(PAGE, "tailor token create"));
    let listener = process.address().unwrap().to_string();
    let look = block(PAGE, "curl -H ");
    let look = look.replace("127.0.0.1:8080", &listener);
    let look = look.replacen(
        "curl",
        "curl -s -o /dev/null -w '%{http_code} %header{x-robots-tag}'",
        1,
    );
    let anonymous = typed(&process, files.path(), &format!("TAILOR_TOKEN=\n{look}"));
    assert_eq!(anonymous, "401 ");
    let token = format!("TAILOR_TOKEN={}\n", token.trim());
    let shown = typed(&process, files.path(), &(token + &look));
    assert!(shown.ends_with(" noindex"), "{shown}");
}

#[tokio::test]
async fn a_workflow_shows_each_pull_request_and_makes_none_live() {
    let (process, files) = host();
    let components = files.path().join("target/components");
    std::fs::create_dir_all(&components).unwrap();
    let component = components.join("watch.wasm");
    std::fs::copy(files.path().join("watch.wasm"), component).unwrap();
    let steps = steps(&block(PAGE, "name: preview"));
    let [step] = &steps[..] else {
        panic!("{steps:?}");
    };
    // The keys of the step come after its lines.
    let (lines, _) = step.split_once("env:").unwrap();
    std::fs::write(files.path().join("step.sh"), lines).unwrap();
    let environment = "export GITHUB_SHA=4f1c GITHUB_RUN_ID=12 GITHUB_RUN_ATTEMPT=1 PR=7\n";
    let step = format!("{environment}setsid --wait bash -euo pipefail step.sh < /dev/null");
    let said = typed(&process, files.path(), &step);
    assert!(said.contains("release 1 is shown as pr-7\n"), "{said}");
    assert!(is_empty(&process).await);
    // Sent twice, it is one release.
    typed(&process, files.path(), &step);
    let listed = typed(&process, files.path(), "tailor releases watch");
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("  previewed  "), "{listed}");
}

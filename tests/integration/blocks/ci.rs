//! The page about tokens for CI: jobs of GitHub and of GitLab, whose systems are here.

use downstream_mock::scripted::{Response, ScriptedService};
use serde_json::{Value, json};
use tailor_harness::components::example;
use tailor_harness::{Files, Process, TestHost};

use super::block;
use super::ship::{steps, typed};
use crate::releases::ci::issuer::Issuer;
use crate::wire::{Wire, get};

const PAGE: &str = "docs/operate/ci-tokens.md";

/// The settings of the page for a CI system, with a file of keys in place of its address.
fn settings(name: &str) -> String {
    let blocks = super::blocks_of(PAGE).into_iter();
    let section = format!("[releases.ci.{name}]");
    let block = blocks.map(|it| it.text).find(|it| it.contains(&section));
    let block = block.unwrap().replace("admin.tokens = true\n", "");
    let lines = block
        .lines()
        .map(|line| match line.starts_with("keys-url") {
            true => "keys-file = \"keys.json\"",
            false => line,
        });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn host(issuer: &Issuer) -> (Process, Files) {
    let builder = TestHost::builder().unwrap();
    let builder = builder.service_at("activity", &["http://127.0.0.1:9101"]);
    let watch = "[bff.watch]\nreleases = true\ndownstreams = [\"activity\"]\n\
                 [[route]]\nbff = \"watch\"\npath = \"/watch\"\n";
    let builder = builder.config("admin.tokens = true\nlog.format = \"json\"\n");
    let builder = builder.config(&settings("github"));
    let builder = builder.config(&settings("gitlab")).config(watch);
    let builder = builder.file("keys.json", issuer.keys().as_bytes()).unwrap();
    let (config, files) = builder.write().unwrap();
    let components = files.path().join("target/components");
    std::fs::create_dir_all(&components).unwrap();
    std::fs::copy(example("watch").unwrap(), components.join("watch.wasm")).unwrap();
    (Process::serve(&config).unwrap(), files)
}

async fn is_served(process: &Process) -> bool {
    let answer = Wire::ask(process.address().unwrap(), &get("/watch/nobody/x", "")).await;
    answer.code() != "bff-unavailable"
}

/// The claims of a job at GitHub, as the page wants them.
fn at_github() -> Value {
    json!({
        "iss": "https://token.actions.githubusercontent.com",
        "repository": "acme/watch",
        "repository_owner_id": "1234",
        "event_name": "push",
        "ref": "refs/heads/main",
    })
}

fn at_gitlab() -> Value {
    json!({
        "iss": "https://gitlab.com",
        "aud": "https://tailor.example:8443",
        "repository": null,
        "project_path": "acme/watch",
        "ref_protected": "true",
        "ref_type": "branch",
        "ref": "main",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_ship_without_a_secret_and_without_a_terminal() {
    let issuer = Issuer::new("a");
    let (process, files) = host(&issuer);
    let own = [issuer.job(&at_gitlab()), issuer.job(&at_gitlab())];
    // GitHub signs a token for the audience that is asked for.
    let github = ScriptedService::start(move |request| {
        let audience = request.line();
        let audience = audience.split("&audience=").nth(1).unwrap();
        let audience = audience.split(' ').next().unwrap().replace("%2E", ".");
        let audience = audience.replace("%3A", ":").replace("%2F", "/");
        let mut job = at_github();
        job["aud"] = json!(audience);
        Response::json(json!({"value": issuer.job(&job)}))
    });
    let github = github.unwrap();
    let [step] = &steps(&block(PAGE, "name: ship"))[..] else {
        panic!("one step is expected");
    };
    std::fs::write(files.path().join("step.sh"), step).unwrap();
    // The host of the page has another address.
    let environment = format!(
        "export GITHUB_SHA=4f1c GITHUB_RUN_ID=12 GITHUB_RUN_ATTEMPT=1\n\
         export TAILOR_AUDIENCE=https://tailor.example:8443\n\
         export ACTIONS_ID_TOKEN_REQUEST_TOKEN=of-the-job\n\
         export ACTIONS_ID_TOKEN_REQUEST_URL='{}/token?api-version=2.0'\n",
        github.url()
    );
    let run = "setsid --wait bash -euo pipefail step.sh < /dev/null";
    let said = typed(&process, files.path(), &format!("{environment}{run}"));
    assert!(said.contains("watch: release 1 is live\n"), "{said}");
    assert!(said.contains("\nwatch  newest  "), "{said}");
    assert!(is_served(&process).await);
    assert_eq!(github.count(), 2);

    let job = block(PAGE, "ship:");
    let (_, script) = job.split_once("script:\n").unwrap();
    let line = script.trim().strip_prefix("- ").unwrap();
    std::fs::write(files.path().join("step.sh"), line).unwrap();
    let environment = format!(
        "export CI_COMMIT_SHA=4f1c CI_JOB_ID=13 TAILOR_ID_TOKEN={}\n",
        own[0]
    );
    let said = typed(&process, files.path(), &format!("{environment}{run}"));
    assert!(said.ends_with("watch: release 2 is live\n"), "{said}");

    let environment = format!("export TAILOR_ID_TOKEN={}\n", own[1]);
    let lines = block(PAGE, "answer=");
    let said = typed(&process, files.path(), &format!("{environment}{lines}"));
    assert!(said.contains("\nwatch  newest  "), "{said}");
}

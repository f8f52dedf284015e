//! The author's loop: what is saved is built and served, what does not build is told, and what fails
//! is shown with its place.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tailor_harness::Dev;
use tailor_harness::dev::package;

use crate::cli::run;
use crate::wire::{Wire, get};

const MAIN: &str = r#"import { bff, get, getJson, fetchAll, json, number, object } from "@tailor/kit";

const steps = object({ steps: number });

export const handler = bff([
  get("/{user}", (_request, { user }) => {
    if (user === "boom") throw new Error("no such <user>");
    const [activity] = fetchAll(getJson("activity", `/users/${user}`, {}, steps));
    return json({ version: "v1", steps: activity.kind === "value" ? activity.value.steps : null });
  }),
]);
"#;

const FIXTURE: &str = r#"{
  "request": {"path": "/ada"},
  "downstreams": [{"service": "activity", "path": "/users/ada", "reply": {"json": {"steps": 8423}}}]
}"#;

fn bff(at: &Path) -> PathBuf {
    package(at, MAIN, &[("ada.json", FIXTURE)]).unwrap()
}

fn save(folder: &Path, from: &str, to: &str) {
    assert!(MAIN.contains(from));
    std::fs::write(folder.join("src/main.ts"), MAIN.replace(from, to)).unwrap();
}

async fn body(address: SocketAddr, path: &str) -> String {
    Wire::ask(address, &get(path, "")).await.body
}

#[tokio::test]
async fn what_is_saved_is_served_and_what_does_not_build_leaves_the_last_good_version() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let mut dev = Dev::start(&folder, &[]).unwrap();
    let address = dev.address().unwrap();
    assert_eq!(
        body(address, "/ada").await,
        r#"{"version":"v1","steps":8423}"#
    );
    let shown = dev.line("GET /ada 200").unwrap();
    assert!(!shown.contains('\u{1b}'), "colours in a pipe: {shown:?}");
    let cost = dev.line("answers of").unwrap();
    assert!(
        cost.contains("calls 1 of 16, their bodies 14 B of "),
        "{cost}"
    );
    dev.line("activity GET /users/ada").unwrap();

    save(&folder, "\"v1\"", "\"v2\"");
    dev.line("is live").unwrap();
    assert_eq!(
        body(address, "/ada").await,
        r#"{"version":"v2","steps":8423}"#
    );

    save(&folder, "json({", "json(({");
    let place = dev.line("main.ts").unwrap();
    assert!(place.contains("src/main.ts:9"), "{place}");
    dev.line("face does not build").unwrap();
    assert_eq!(
        body(address, "/ada").await,
        r#"{"version":"v2","steps":8423}"#
    );

    save(&folder, "\"v1\"", "\"v3333\"");
    dev.line("is live").unwrap();
    assert_eq!(
        body(address, "/ada").await,
        r#"{"version":"v3333","steps":8423}"#
    );
    // What a request cost is compared with the last one like it.
    dev.line("response_bytes 32, was 29").unwrap();

    // Its types are wrong, and it serves all the same.
    save(&folder, "\"v1\"", "(\"v4\" as number)");
    dev.line("is live").unwrap();
    assert!(body(address, "/ada").await.contains("v4"));
    dev.line("face has wrong types").unwrap();

    // A configuration that is made meanwhile is taken, once it is one.
    let settings = "[server]\nlisten = \"127.0.0.1:0\"\n[downstream.activity]\n\
         url = \"http://127.0.0.1:9\"\n[bff.walk]\ncomponent = \"target/components/face.wasm\"\n\
         downstreams = [\"activity\"]\n[[route]]\nbff = \"walk\"\npath = \"/walk\"\n";
    let file = folder.join("tailor.toml");
    std::fs::write(&file, settings.replace("face.wasm", "other.wasm")).unwrap();
    dev.line("no BFF has a component face.wasm").unwrap();
    assert!(body(address, "/ada").await.contains("v4"));
    std::fs::write(&file, settings).unwrap();
    dev.line("the configuration was read again").unwrap();
    assert!(body(address, "/walk/ada").await.contains("v4"));
    save(&folder, "\"v1\"", "\"v5\"");
    dev.line("is live").unwrap();
    assert!(body(address, "/walk/ada").await.contains("v5"));
}

#[tokio::test]
async fn a_failure_is_a_page_with_its_place_for_a_browser_and_a_document_for_others() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let mut dev = Dev::start(&folder, &[]).unwrap();
    let address = dev.address().unwrap();
    let page = Wire::ask(address, &get("/boom", "accept: text/html,*/*\r\n")).await;
    assert_eq!(page.status, 502);
    let text = page.body;
    assert!(text.starts_with("<!doctype html>"), "{text}");
    assert!(text.contains("no such &lt;user&gt;"), "{text}");
    assert!(text.contains("src/main.ts:7"), "{text}");
    assert!(text.contains("if (user === &quot;boom&quot;)"), "{text}");
    dev.line("GET /boom 502").unwrap();
    // A failing request becomes a test in one command.
    let hint = dev.line("a test of it: tailor record ").unwrap();
    let (_, arguments) = hint.split_once("tailor ").unwrap();
    let out = at.path().join("recorded").display().to_string();
    let mut arguments: Vec<&str> = arguments.split_whitespace().collect();
    arguments.extend(["--out", &out]);
    let (code, said, error) = run(&arguments);
    assert!(
        code == 0 && said.contains("face bff-trap "),
        "{said}{error}"
    );
    dev.line("error").unwrap();
    assert!(
        dev.line(">     7 |")
            .unwrap()
            .contains("if (user === \"boom\")")
    );

    let document = body(address, "/boom").await;
    assert!(document.starts_with('{'), "{document}");
    assert!(!document.contains("such"), "{document}");

    // A call that no fixture has is told, with the way out.
    assert_eq!(
        body(address, "/eve").await,
        r#"{"version":"v1","steps":null}"#
    );
    let told = dev.line("no entry of a fixture answers").unwrap();
    assert!(told.contains("GET /users/eve of activity"), "{told}");
    assert!(told.contains("--real"), "{told}");
}

/// How many saves are made. `DEV_SAVES=100` makes more of them.
fn saves() -> usize {
    let set = std::env::var("DEV_SAVES").ok();
    set.map_or(8, |saves| saves.parse().expect("DEV_SAVES is a number"))
}

/// The number of the version that answers.
async fn version(address: SocketAddr) -> usize {
    let body = body(address, "/ada").await;
    let number = body
        .split(":\"v")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    number.and_then(|number| number.parse().ok()).expect(&body)
}

#[tokio::test]
async fn of_quick_saves_the_last_good_one_serves_and_no_version_goes_live_twice() {
    let (saves, seed) = (saves(), fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    let mut dev = Dev::start(&folder, &[]).unwrap();
    let address = dev.address().unwrap();
    let (mut good, mut last) = (vec![1], 1);
    for number in 2..=saves + 1 {
        let is_broken = number <= saves && random.u8(..4) == 0;
        let end = if is_broken { "" } else { "\"" };
        if !is_broken {
            good.push(number);
        }
        save(&folder, "\"v1\"", &format!("\"v{number}{end}"));
        // From no pause to more than a build takes.
        for _ in 0..1 << random.u32(..8) {
            let served = version(address).await;
            assert!(good.contains(&served), "seed {seed}: v{served} is broken");
            assert!(served >= last, "seed {seed}: v{served} after v{last}");
            last = served;
        }
    }
    while version(address).await != saves + 1 {
        dev.line("is live").unwrap();
    }
    let live = dev.seen.iter().filter(|line| line.contains("is live"));
    let mut versions: Vec<&String> = live.collect();
    let all = versions.len();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), all, "seed {seed}: {:#?}", dev.seen);
}

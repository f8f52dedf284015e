//! Previews by the command line.

use std::process::Output;

use tailor_harness::Process;

use super::{Api, PREVIEWS, Shown, made};
use crate::releases::api::digest;
use crate::releases::builder;
use crate::swap::page::page;

async fn tailor(shown: &Shown, token: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(Process::program().unwrap());
    let url = format!("http://{}", shown.api.0);
    command
        .args(arguments)
        .env("TAILOR_URL", url)
        .env("TAILOR_TOKEN", token);
    command.output().await.unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_preview_is_ordered_listed_and_ended_by_the_command() {
    let bounded = format!("{PREVIEWS}names = 1\n");
    let host = builder(&bounded).start().await.unwrap();
    let operator = made(&host, &["--operator"]).await;
    // A job of pull requests may show versions, and make none live.
    let viewer = [
        "--team", "t", "--bff", "page", "--scope", "preview", "--scope", "upload", "--scope",
        "read",
    ];
    let viewer = made(&host, &viewer).await;
    let api = Api::of(&host);
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("page.wasm");
    std::fs::write(&component, page("v1")).unwrap();
    let component = component.display().to_string();
    let shown = Shown {
        host,
        api,
        operator,
        viewer: viewer.clone(),
    };
    let order = ["deploy", "page", &component, "--preview", "pr-12"];
    let ordered = tailor(&shown, &viewer, &order).await;
    let text = said(&ordered);
    assert!(
        text.contains("page: release 1 is shown as pr-12\n"),
        "{text}"
    );
    let url = "page: https://pr-12--page.preview.test/ shows it until ";
    assert!(text.lines().last().unwrap().starts_with(url), "{text}");
    assert_eq!(shown.by_host("pr-12--page").await.header("x-version"), "v1");
    let refused = tailor(&shown, &viewer, &["deploy", "page", &component]).await;
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    // One name more than there may be is there later as well.
    let more = ["deploy", "page", &component, "--preview", "pr-13"];
    let more = [&more[..], &["--timeout", "5s"]].concat();
    let refused = tailor(&shown, &viewer, &more).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("409 at preview: "), "{text}");
    assert!(!text.contains("asking again"), "{text}");

    let listed = said(&tailor(&shown, &viewer, &["previews", "page"]).await);
    let row = listed.lines().nth(1).unwrap();
    assert!(row.starts_with("pr-12"), "{listed}");
    assert!(row.contains(&digest(&page("v1"))[..7]), "{listed}");
    assert!(
        row.ends_with("https://pr-12--page.preview.test/"),
        "{listed}"
    );
    let json = said(&tailor(&shown, &viewer, &["previews", "page", "--json"]).await);
    let preview: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(preview["name"], "pr-12");
    said(&tailor(&shown, &viewer, &["previews", "page", "--end", "pr-12"]).await);
    let listed = said(&tailor(&shown, &viewer, &["previews", "page"]).await);
    assert_eq!(listed, "page has no previews\n");
    let gone = tailor(&shown, &viewer, &["previews", "page", "--end", "pr-12"]).await;
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");

    // What is typed wrong is said at once.
    for (arguments, what) in [
        (&["--preview", "a--b"][..], "1 to 40"),
        (&["--preview", "live"], "would mean two things"),
        (&["--preview", "latest"], "a component of the BFF's history"),
        (&["--preview", "abcdef0"], "the first digits of a digest"),
        (&["--preview", "x", "--canary"], "--canary"),
        (&["--expires", "1h"], "--preview"),
    ] {
        let wrong = [&["deploy", "page", &component][..], arguments].concat();
        let wrong = tailor(&shown, &viewer, &wrong).await;
        let text = String::from_utf8(wrong.stderr).unwrap();
        assert!(!wrong.status.success() && text.contains(what), "{text}");
    }
    shown.host.stop().await;
}

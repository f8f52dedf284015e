//! The command line of releases, as people and scripts type it: what it prints, how it ends, and
//! what it does when the host is away for a while.

mod asked;
mod away;
mod codes;
mod consent;
mod door;
mod errors;
mod held;
mod job;
mod names;
mod secure;
mod shadow;
mod stub;
mod superseded;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tailor_harness::Process;
use tokio::process::Command;

use super::api::{Api, digest};
use super::{builder, served, some, start};
use crate::swap::page::{page, page_with_status};

/// What a run said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The lines of `--json`.
    pub fn json(&self) -> Vec<Value> {
        let lines = self.out.lines().map(serde_json::from_str);
        lines
            .collect::<Result<_, _>>()
            .unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The last of them, which says how it ended.
    pub fn end(&self) -> Value {
        let last = self.json().pop().unwrap();
        assert_eq!(last["event"], "end", "{self:?}");
        assert_eq!(last["exit"], self.code, "{self:?}");
        last
    }
}

/// The program, for the host at this address, without what the test's own environment says.
pub fn program(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(Process::program().unwrap());
    command
        .args(arguments)
        .env("TAILOR_URL", url)
        .env_remove("TAILOR_TOKEN")
        .env_remove("TAILOR_ID_TOKEN")
        .env_remove("TAILOR_AUDIENCE")
        .env_remove("ACTIONS_ID_TOKEN_REQUEST_URL")
        .env_remove("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

pub async fn tailor(url: &str, arguments: &[&str]) -> Said {
    ended(program(url, arguments)).await
}

pub async fn ended(mut command: Command) -> Said {
    let output = command.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

pub fn url(api: &Api) -> String {
    format!("http://{}", api.0)
}

/// A component in a file of this folder.
pub fn file(dir: &Path, name: &str, component: &[u8]) -> String {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, component).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_component_is_deployed_listed_and_undone() {
    let (host, api) = start().await;
    let url = url(&api);
    let (v1, v2) = (page("v1"), page("v2"));
    let (one, two) = (
        file(host.dir(), "1.wasm", &v1),
        file(host.dir(), "2.wasm", &v2),
    );
    let said = tailor(&url, &["releases", "page"]).await;
    assert_eq!((said.code, &*said.out), (0, "page has no releases yet\n"));
    let said = tailor(&url, &["deploy", "page", &one, "--expect-live", "none"]).await;
    let short = &digest(&v1)[..7];
    let wanted = format!(
        "page: {short} ({} bytes) is uploaded\npage: release 1 of {short} has begun\n\
         page: release 1 is live\n",
        v1.len()
    );
    assert_eq!((said.code, &*said.out, &*said.err), (0, &*wanted, ""));
    let more = [
        "--message",
        "a new \u{1b}[2Jpage",
        "--source",
        "http://git.example/abc",
    ];
    let typed = [
        &["deploy", "page", &two, "--expect-live", "live"][..],
        &more,
    ]
    .concat();
    let refused = tailor(&url, &typed).await;
    // The host takes no characters that are not shown.
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err.contains("write less, on one line"),
        "{refused:?}"
    );
    let more = [
        "--message",
        "a new pâge",
        "--source",
        "http://git.example/abc",
    ];
    let typed = [
        &["deploy", "page", &two, "--expect-live", "live"][..],
        &more,
    ]
    .concat();
    let said = tailor(&url, &typed).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("is there already"), "{said:?}");
    assert_eq!(served(host.address()).await, some("v2"));
    let said = tailor(&url, &["releases", "page"]).await;
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 3, "{said:?}");
    assert!(
        lines[0].starts_with("RELEASE  STATE     DIGEST   KIND"),
        "{said:?}"
    );
    assert!(lines[1].starts_with("2        live      "), "{said:?}");
    assert!(
        lines[1].ends_with("a new pâge http://git.example/abc"),
        "{said:?}"
    );
    assert!(lines[2].starts_with(&format!("1        replaced  {short}  deploy")));
    let said = tailor(&url, &["releases", "page", "--json", "-n", "1"]).await;
    let [release] = &*said.json() else {
        panic!("{said:?}");
    };
    assert_eq!(
        (&release["number"], &release["state"]),
        (&2.into(), &"live".into())
    );
    assert_eq!(release["message"], "a new pâge");
    let said = tailor(&url, &["rollback", "page", "-m", "worse"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let first = said.out.lines().next().unwrap();
    let second = &digest(&v2)[..7];
    let begins = format!("page: {second} (release 2) goes back to {short} (release 1, live from 2");
    assert!(
        first.starts_with(&begins) && first.contains(" until 2"),
        "{said:?}"
    );
    assert_eq!(served(host.address()).await, some("v1"));
    let said = tailor(&url, &["status", "page"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    let row = said.out.lines().nth(1).unwrap();
    let begins = format!("page  newest  {short}  3        {second}   2");
    assert!(row.starts_with(&begins), "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_refused_component_ends_with_2_and_says_at_which_step() {
    let smoke = "[bff.page.smoke]\npath = \"/x\"\n";
    let host = builder("").config(smoke).start().await.unwrap();
    let api = Api::of(&host);
    let url = url(&api);
    api.release(&page("v1")).await;
    let bad = page_with_status("v2", 500);
    let path = file(host.dir(), "bad.wasm", &bad);
    let said = tailor(&url, &["deploy", "page", &path]).await;
    assert_eq!(said.code, 2, "{said:?}");
    let last = said.out.lines().last().unwrap();
    assert!(
        last.starts_with("page: release 2 is refused at smoke: ")
            && last.ends_with("`tailor call` runs a fixture without a host"),
        "{said:?}"
    );
    let said = tailor(&url, &["deploy", "page", &path, "--json"]).await;
    let events: Vec<Value> = said.json().iter().map(|it| it["event"].clone()).collect();
    assert_eq!(events, ["known", "proving", "refused", "end"]);
    let end = said.end();
    assert_eq!((said.code, &end["release"]["step"]), (2, &"smoke".into()));
    assert_eq!(end["error"], Value::Null);
    assert_eq!(served(host.address()).await, some("v1"));
    // What was live goes on, and is the newest that ever was.
    let said = tailor(&url, &["status", "--json"]).await;
    assert_eq!(said.json()[0]["serves"], "newest", "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn of_two_that_race_one_ends_with_5_and_nobody_overwrites() {
    let (host, api) = start().await;
    let url = url(&api);
    let v1 = page("v1");
    api.release(&v1).await;
    let two = file(host.dir(), "2.wasm", &page("v2"));
    let three = file(host.dir(), "3.wasm", &page("v3"));
    let expected = digest(&v1);
    let (two, three) = (
        ["deploy", "page", &two, "--expect-live", &expected],
        [
            "deploy",
            "page",
            &three,
            "--expect-live",
            &expected[..7],
            "--json",
        ],
    );
    let (two, three) = tokio::join!(tailor(&url, &two), tailor(&url, &three));
    let mut codes = [two.code, three.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 5], "{two:?} {three:?}");
    let live = if two.code == 0 { "v2" } else { "v3" };
    assert_eq!(served(host.address()).await, some(live));
    let (loser, end) = match three.code {
        5 => (&three, Some(three.end())),
        _ => (&two, None),
    };
    assert!(loser.err.contains("release 2 "), "{loser:?}");
    if let Some(problem) = end.map(|end| end["problem"].clone()) {
        assert_eq!(
            (&problem["status"], &problem["step"]),
            (&409.into(), &"expect-live".into())
        );
    }
    // Also where nothing should be live.
    let path = file(host.dir(), "4.wasm", &page("v4"));
    let said = tailor(&url, &["deploy", "page", &path, "--expect-live", "none"]).await;
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("is live, since 2"), "{said:?}");
    host.stop().await;
}

#[tokio::test]
async fn a_release_that_was_taken_back_ends_with_3() {
    let (host, api) = start().await;
    let url = url(&api);
    api.release(&page("v1")).await;
    let path = file(host.dir(), "2.wasm", &page("v2"));
    let typed = ["deploy", "page", &path, "--key", "job-7", "--detach"];
    let said = tailor(&url, &typed).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.ends_with("has begun\n"), "{said:?}");
    api.ended("/v1/bffs/page/releases/2").await;
    // The same order again: the release is the one that began before.
    let said = tailor(&url, &typed[..5]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.ends_with("release 2 is live\n"), "{said:?}");
    assert_eq!(tailor(&url, &["rollback", "page"]).await.code, 0);
    let said = tailor(&url, &typed[..5]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.out
            .contains("release 2 was live, and release 3 went back to"),
        "{said:?}"
    );
    // One that a newer one replaced did its work.
    let path = file(host.dir(), "4.wasm", &page("v4"));
    let typed = ["deploy", "page", &path, "--key", "job-8"];
    assert_eq!(tailor(&url, &typed).await.code, 0);
    api.release(&page("v5")).await;
    let said = tailor(&url, &typed).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.contains("release 4 was live, until release 5 was"),
        "{said:?}"
    );
    // The key of another order is refused.
    let typed = ["deploy", "page", &path, "--key", "job-8", "-m", "other"];
    let said = tailor(&url, &typed).await;
    assert!(
        said.code == 1 && said.err.contains("take a new key"),
        "{said:?}"
    );
    host.stop().await;
}

#[tokio::test]
async fn what_can_not_begin_ends_with_1_before_anything_is_sent() {
    let (host, api) = start().await;
    let url = url(&api);
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let dir = host.dir().display().to_string();
    let missing = format!("{dir}/missing.wasm");
    let token = file(host.dir(), "token", b"two words");
    for (arguments, told) in [
        (&["deploy", "page", &missing][..], "missing.wasm: "),
        (&["deploy", "page", &dir], "not a file but a directory"),
        (&["deploy", "nowhere", &path], "there is no BFF \"nowhere\""),
        (
            &["rollback", "page"],
            "nothing is live that it could go back from; release a component with `tailor deploy",
        ),
        (
            &["rollback", "page", "--to", "latest"],
            "latest: page has none",
        ),
        (
            &["releases", "page", "--token-file", &token],
            "token: no token",
        ),
        (
            &["releases", "page", "--ca", &token],
            "without TLS; write https",
        ),
        // Wrong usage is no refusal of the component.
        (&["deploy", "page"], "Usage: tailor deploy"),
        (
            &["deploy", "page", &path, "--expect-live", "v1.2"],
            "the first 7 digits",
        ),
        (&["deploy", "page", &path, "--timeout", "0s"], "such as 30m"),
        (&["deploy", "page", &path, "--key", "a b"], "a key has 1 to"),
        (&["deploy", "Page", &path], "a-z, 0-9 and -"),
        (&["rollback", "page", "--to", "v1"], "the first 7 digits"),
        (
            &["deploy", "page", &path, "--source", "commit abc"],
            "write an address of http or https",
        ),
        (
            &["deploy", "page", &path, "--url", "127.0.0.1:1"],
            "http://HOST:PORT",
        ),
    ] {
        let said = tailor(&url, arguments).await;
        assert_eq!(said.code, 1, "{arguments:?} {said:?}");
        assert!(said.err.contains(told), "{arguments:?} {said:?}");
    }
    // The other commands have no 2 of their own.
    assert_eq!(tailor(&url, &["releases"]).await.code, 2);
    assert_eq!(tailor(&url, &["deploy", "--help"]).await.code, 0);
    assert_eq!(api.states().await, []);
    host.stop().await;
}

#[tokio::test]
async fn a_reader_that_goes_changes_nothing() {
    let (host, api) = start().await;
    let path = file(host.dir(), "1.wasm", &page("v1"));
    let mut command = program(&url(&api), &["deploy", "page", &path]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert_eq!(served(host.address()).await, some("v1"));
    host.stop().await;
}

//! A host that is killed at each named point of a release serves the old version or the new one
//! when it starts again, whole, and its journal says the same.
//!
//! Here each point has its turn three times. `TAILOR_DRILL_KILLS=200` makes it two hundred.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use downstream_mock::scripted::{Response, ScriptedService};
use rusqlite::Connection;
use serde_json::json;
use tailor_harness::Process;
use tokio::net::TcpStream;

use super::api::{Api, digest};
use super::registries::{Pushed, section};
use super::{builder, components, served_by};
use crate::swap::page::page;
use crate::wire::Wire;

/// The points in the order in which a release comes to them, and whether it is live from there on.
const POINTS: [(&str, bool); 13] = [
    ("upload-read", false),
    ("component-unnamed", false),
    ("component-written", false),
    ("release-appending", false),
    ("release-appended", false),
    ("component-read", false),
    ("loaded", false),
    ("proven", false),
    ("going-live", false),
    ("committed", true),
    ("published", true),
    ("live-file-written", true),
    ("rows-collected", true),
];

/// Those of a pull, and whether the component is there from there on.
const OF_PULL: [(&str, bool); 4] = [
    ("manifest-read", false),
    ("component-begun", false),
    ("component-unnamed", false),
    ("component-written", true),
];

fn times() -> usize {
    let times = std::env::var("TAILOR_DRILL_KILLS");
    times.ok().and_then(|it| it.parse().ok()).unwrap_or(3)
}

/// A host that ends itself at this point.
pub fn that_ends_at(point: &str) -> Command {
    let mut command = Command::new(Process::program().unwrap());
    command
        .stdin(Stdio::null())
        .env("TAILOR_DRILL_END_AT", point);
    command
}

/// Sends an order to a host that may end in the middle of it.
pub async fn send(api: &Api, method: &str, path: &str, body: &[u8]) {
    let Ok(stream) = TcpStream::connect(api.0).await else {
        return;
    };
    let mut wire = Wire::over(stream);
    let length = body.len();
    wire.send(&format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n"
    ))
    .await;
    wire.send_bytes(body).await;
    wire.rest().await;
}

#[tokio::test]
async fn a_host_that_is_killed_at_any_point_has_the_old_version_or_the_new_one() {
    let (path, files) = builder("log.format = \"json\"\nreleases.keep = 2")
        .write()
        .unwrap();
    let process = Process::serve(&path).unwrap();
    Api::of_process(&process).release(&page("v0")).await;
    let mut live = "v0".to_owned();
    drop(process);
    for round in 0..times() {
        for (index, (point, is_live)) in POINTS.into_iter().enumerate() {
            let version = format!("v{}", 1 + round * POINTS.len() + index);
            let component = page(&version);
            let mut process = Process::start(that_ends_at(point), &path).unwrap();
            assert_eq!(served_by(&process).await.as_ref(), Some(&live));
            let api = Api::of_process(&process);
            let upload = format!("/v1/components/{}", digest(&component));
            send(&api, "PUT", &upload, &component).await;
            let order = json!({"digest": digest(&component)}).to_string();
            send(&api, "POST", "/v1/bffs/page/releases", order.as_bytes()).await;
            let status = process.wait().unwrap();
            assert_eq!(status.code(), None, "{point}: {status}");
            if is_live {
                live.clone_from(&version);
            }
            let process = Process::serve(&path).unwrap();
            assert_eq!(served_by(&process).await.as_ref(), Some(&live), "{point}");
            let api = Api::of_process(&process);
            let journal = files.path().join("data/releases/journal.db");
            check(
                &api,
                &Connection::open(journal).unwrap(),
                &digest(&page(&live)),
                point,
            )
            .await;
        }
    }
}

/// A page that is handed to the store in more than one part, so that a host can end between them.
fn large(version: &str) -> Vec<u8> {
    // A section with a name, which means nothing.
    let name = b"\x03pad";
    let mut content = name.to_vec();
    content.resize(600 << 10, b'x');
    let mut component = page(version);
    component.push(0);
    let mut length = content.len();
    while length > 0x7f {
        component.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).unwrap());
    component.extend(content);
    component
}

#[tokio::test]
async fn a_host_that_is_killed_in_a_pull_has_no_half_component_and_pulls_again() {
    let pushed: Arc<Mutex<Option<Pushed>>> = Arc::default();
    let there = pushed.clone();
    let registry = ScriptedService::start(move |request| match &*there.lock().unwrap() {
        Some(pushed) => pushed.answer(&request),
        None => Response::new(404),
    })
    .unwrap();
    let builder = builder("log.format = \"json\"").config(&section(&registry, ""));
    let (path, files) = builder.write().unwrap();
    let data = files.path().join("data");
    let process = Process::serve(&path).unwrap();
    Api::of_process(&process).release(&large("v0")).await;
    drop(process);
    let mut live = "v0".to_owned();
    for round in 0..times() {
        for (index, (point, is_there)) in OF_PULL.into_iter().enumerate() {
            let version = format!("v{}", 1 + round * OF_PULL.len() + index);
            let new = Pushed::new(&large(&version));
            *pushed.lock().unwrap() = Some(new.clone());
            let reference = new.reference(&registry.address().to_string());
            let order = json!({"oci": reference, "expect_live": digest(&large(&live))});
            let before = components(&data);
            let mut process = Process::start(that_ends_at(point), &path).unwrap();
            let api = Api::of_process(&process);
            let releases = "/v1/bffs/page/releases";
            send(&api, "POST", releases, order.to_string().as_bytes()).await;
            let status = process.wait().unwrap();
            assert_eq!(status.code(), None, "{point}: {status}");
            let after = components(&data).into_iter();
            let unfinished: Vec<String> = after.filter(|it| !before.contains(it)).collect();
            let size = |name: &String| {
                let file = std::fs::metadata(data.join("releases").join(name));
                file.unwrap().len()
            };
            let sizes: Vec<u64> = unfinished.iter().map(size).collect();
            let whole = new.component.len() as u64;
            match (point, &sizes[..]) {
                ("manifest-read", []) => {}
                ("component-begun", [part]) => assert!((1..whole).contains(part), "{part}"),
                ("component-unnamed" | "component-written", [all]) => assert_eq!(*all, whole),
                _ => panic!("{point}: {unfinished:?}"),
            }

            let process = Process::serve(&path).unwrap();
            assert_eq!(served_by(&process).await.as_ref(), Some(&live), "{point}");
            let api = Api::of_process(&process);
            let component = format!("/v1/components/{}", digest(&new.component));
            let found = api.raw("HEAD", &component, "", b"").await.status;
            assert_eq!(found == 200, is_there, "{point}: {found}");
            are_whole(&data, point);
            let journal = Connection::open(data.join("releases/journal.db")).unwrap();
            check(&api, &journal, &digest(&large(&live)), point).await;
            let begun = api.post(releases, &order).await;
            assert_eq!(begun.status, 202, "{point}: {begun:?}");
            let release = api.ended(&begun.location).await;
            assert_eq!(release["state"], "live", "{point}: {release}");
            live.clone_from(&version);
            // Who reads that it is live has the next request answered by it.
            assert_eq!(served_by(&process).await.as_ref(), Some(&live), "{point}");
            are_whole(&data, point);
            check(&api, &journal, &digest(&large(&live)), point).await;
        }
    }
}

/// Each file that counts as a component is one.
fn are_whole(data: &Path, point: &str) {
    for name in components(data) {
        let Some(named) = name.strip_suffix(".wasm") else {
            continue;
        };
        let bytes = std::fs::read(data.join("releases").join(&name)).unwrap();
        assert_eq!(digest(&bytes), named, "{point}");
    }
}

/// The interface and the file say the same, and nothing is half done.
async fn check(api: &Api, journal: &Connection, live: &str, point: &str) {
    let whole: String = journal
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok", "{point}");
    let (release, digest): (i64, String) = journal
        .query_row(
            "SELECT release, digest FROM live WHERE bff = 'page'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(digest, live, "{point}");
    let states = api.states().await;
    let of = |wanted: &str| {
        let found = states.iter().filter(|(_, state)| state == wanted);
        found.map(|(number, _)| *number).collect::<Vec<_>>()
    };
    assert_eq!(of("live"), [release], "{point}");
    assert_eq!(of("proving"), [0; 0], "{point}");
    let count: i64 = journal
        .query_row("SELECT count(*) FROM release", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, states.len() as i64, "{point}");
}

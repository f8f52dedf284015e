//! The disk of the data directory is full or read-only.

use std::path::Path;
use std::process::Command;

use tailor_harness::Process;

use super::{admin, ends_well, publish, replace, served, told, write};
use crate::disk::Disk;
use crate::swap::page::{page, stamped};
use crate::wire::{Wire, get, until};

/// Kills a host as a crash of the machine does.
fn kill(mut process: Process) {
    process.signal("KILL").unwrap();
    process.wait().unwrap();
}

/// Publishes a version and waits until it is on the disk, which is after it is served.
async fn publish_and_keep(process: &Process, dir: &Path, version: &str) {
    publish(process, dir, version).await;
    let line = process.wait_for(|line| line["message"] == "new version is live");
    line.unwrap();
}

fn names_the_way_out(process: &Process, why: &str) {
    let line = process.wait_for(|line| line.to_string().contains("components are not kept"));
    let line = line.unwrap().to_string();
    for part in ["engine.data-dir", "make room", why] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn a_full_disk_keeps_no_version_from_its_clients() {
    let (path, dir) = write("engine.max-retry-wait = \"1s\"");
    let Some(disk) = Disk::at(&dir.path().join("data"), 4096) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    publish(&process, dir.path(), "v2").await;
    disk.fill_but(0);
    publish(&process, dir.path(), "v3").await;
    names_the_way_out(&process, "No space left on device");
    // A failure to store is logged once, also when more is published meanwhile.
    publish(&process, dir.path(), "v4").await;
    assert_eq!(told(&process, "components are not kept").len(), 1);

    // As soon as there is room, the live one is kept, although its file is another one by now.
    replace(&dir.path().join("page.wasm"), b"nonsense");
    process
        .wait_for(|line| line["level"] == "ERROR" && line.to_string().contains("refused"))
        .unwrap();
    disk.empty();
    process
        .wait_for(|line| line["message"] == "components are kept again")
        .unwrap();
    kill(process);
    let mut process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(served(&process).await, "v4");
    ends_well(&mut process);
}

#[tokio::test]
async fn a_disk_that_was_full_from_the_start_costs_no_publish_but_there_is_nothing_to_go_back_to() {
    let (path, dir) = write("");
    // Room for names alone.
    let Some(disk) = Disk::at(&dir.path().join("data"), 4) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    publish(&process, dir.path(), "v2").await;
    until(async || {
        let metrics = admin(&process, "/metrics").await;
        let counted = |line: &&str| line.starts_with("tailor_components_not_kept_total ");
        let count = metrics.lines().find(counted)?.rsplit_once(' ')?.1;
        (count != "0").then_some(())
    })
    .await;
    kill(process);
    replace(&dir.path().join("page.wasm"), b"nonsense");
    let mut process = Process::start(disk.host(), &path).unwrap();
    let answer = Wire::ask(process.address().unwrap(), &get("/page/x", "")).await;
    assert_eq!((answer.status, answer.code()), (503, "bff-unavailable"));
    ends_well(&mut process);
}

#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_of_a_file_keeps_the_version_before() {
    let (path, dir) = write("");
    let Some(disk) = Disk::at(&dir.path().join("data"), 8192) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    publish_and_keep(&process, dir.path(), "v2").await;
    for room in [200, 4, 0] {
        disk.fill_but(room);
        let large = stamped(&page(&format!("large{room}")), 400 << 10);
        replace(&dir.path().join("page.wasm"), &large);
        until(async || (served(&process).await == format!("large{room}")).then_some(())).await;
    }
    names_the_way_out(&process, "No space left on device");
    kill(process);
    replace(&dir.path().join("page.wasm"), b"nonsense");
    let mut process = Process::start(disk.host(), &path).unwrap();
    assert_eq!(served(&process).await, "v2");
    disk.empty();
    ends_well(&mut process);
    // Nothing is left that was not written to its end.
    let kept = std::fs::read_dir(disk.path("components")).unwrap();
    for kept in kept {
        let kept = kept.unwrap();
        let sum = Command::new("sha256sum").arg(kept.path()).output().unwrap();
        let sum = String::from_utf8(sum.stdout).unwrap();
        let name = kept.file_name().into_string().unwrap();
        assert!(
            sum.starts_with(name.trim_end_matches(".wasm")),
            "{name}: {sum}"
        );
    }
}

#[tokio::test]
async fn a_disk_that_takes_no_writing_is_read_all_the_same() {
    let (path, dir) = write("");
    let Some(disk) = Disk::at(&dir.path().join("data"), 4096) else {
        return;
    };
    let process = Process::start(disk.host(), &path).unwrap();
    publish_and_keep(&process, dir.path(), "v2").await;
    disk.remount("ro");
    publish(&process, dir.path(), "v3").await;
    names_the_way_out(&process, "Read-only file system");
    kill(process);
    for (content, version) in [(page("v4"), "v4"), (b"nonsense".to_vec(), "v2")] {
        replace(&dir.path().join("page.wasm"), &content);
        let mut process = Process::start(disk.host(), &path).unwrap();
        assert_eq!(served(&process).await, version);
        ends_well(&mut process);
    }
}

//! The data directory: where it is, who else may have written to it, and what is removed from it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use tailor_harness::Process;

use crate::swap::page::page;
use crate::weather::{publish, replace, served, write};
use crate::wire::until;

/// A user that no other is.
const OTHER: u32 = 54_321;

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("left out: another user's folders can be made by root alone");
    }
    root
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is said about a host that would not start.
fn refused(config: &Path) -> String {
    let check = ["check", "--config", &config.display().to_string()];
    let output = Process::run(&check).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// The first line of the log that has this in it, as soon as it is there.
fn said(process: &Process, text: &str) -> String {
    let line = process.wait_for_line(|line| line.contains(text).then(|| line.to_owned()));
    line.unwrap()
}

fn stop(mut process: Process) {
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

/// The files of compiled code.
fn compiled(data_dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data_dir.join("compiled")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// The configuration, with another data directory, or none.
fn with_data_dir(config: &Path, data_dir: &str) {
    let text = fs::read_to_string(config).unwrap();
    let text = text.replace("engine.data-dir = \"data\"\n", data_dir);
    fs::write(config, text).unwrap();
}

#[tokio::test]
async fn a_folder_that_others_could_put_in_its_place_is_refused_with_the_way_out() {
    let (config, dir) = write("");
    let between = dir.path().join("between");
    with_data_dir(&config, "engine.data-dir = \"between/data\"\n");
    fs::create_dir(&between).unwrap();
    for others in [0o777, 0o775] {
        mode(&between, others);
        let said = refused(&config);
        let wanted = format!(
            "engine.data-dir: others can write to {}, on the way to it (mode {others:o})",
            between.display()
        );
        assert!(said.contains(&wanted), "{said}");
        assert!(said.contains("chmod go-w") && said.contains("name a folder elsewhere"));
    }
    // Where only owners may rename what is theirs, as in /tmp, no other user can.
    mode(&between, 0o1777);
    stop(Process::serve(&config).unwrap());
    mode(&between, 0o755);
    stop(Process::serve(&config).unwrap());
    if is_root() {
        chown(&between, Some(OTHER), None).unwrap();
        let said = refused(&config);
        let wanted = format!(
            "engine.data-dir: {}, on the way to it, belongs to another user (uid {OTHER})",
            between.display()
        );
        assert!(said.contains(&wanted), "{said}");
    }
}

/// Another user who may rename beside the data directory puts one in its place that is the host's
/// own in all but what is in it.
#[tokio::test]
async fn code_that_another_user_put_in_place_while_the_host_runs_is_never_loaded() {
    if !is_root() {
        return;
    }
    let (config, dir) = write("");
    let component = dir.path().join("page.wasm");
    // The code of another component, under the name of the one that will come.
    fs::write(&component, page("planted")).unwrap();
    with_data_dir(&config, "engine.data-dir = \"between/other\"\n");
    stop(Process::serve(&config).unwrap());
    let between = dir.path().join("between");
    let other = between.join("other");
    let [planted] = &compiled(&other)[..] else {
        panic!("one component has one file");
    };
    let name = planted.file_name().unwrap().to_str().unwrap();
    let of_engine = name.split_once('-').unwrap().1;
    let digest = tailor::digest::hex(&page("v2"));
    fs::rename(
        planted,
        planted.with_file_name(format!("{digest}-{of_engine}")),
    )
    .unwrap();

    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("between/other", "between/data")).unwrap();
    replace(&component, &page("v1"));
    let process = Process::serve(&config).unwrap();
    assert_eq!(served(&process).await, "v1");
    chown(&between, Some(OTHER), None).unwrap();
    mode(dir.path(), 0o755);
    let renamed = Command::new("sh")
        .args(["-c", "mv data away && mv other data"])
        .current_dir(&between)
        .uid(OTHER)
        .status();
    assert!(renamed.unwrap().success());
    publish(&process, dir.path(), "v2").await;
    let line = said(&process, "others could have written this compiled code");
    assert!(line.contains(&format!("(uid {OTHER})")), "{line}");
    // Nor is it used to keep anything; the way out is named, and once it is gone, all is well.
    let kept = said(&process, "components are not kept");
    assert!(kept.contains("mend engine.data-dir"), "{kept}");
    chown(&between, Some(0), None).unwrap();
    publish(&process, dir.path(), "v3").await;
    process
        .wait_for(|line| line["message"] == "components are kept again")
        .unwrap();
    stop(process);
}

#[tokio::test]
async fn without_a_setting_it_is_the_unit_s_or_a_folder_of_the_users_state() {
    let (config, dir) = write("");
    with_data_dir(&config, "");
    let state = dir.path().join("state");
    let start = |variables: &[(&str, &Path)]| {
        let mut command = Command::new(Process::program().unwrap());
        command.stdin(Stdio::null());
        for unset in ["STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"] {
            command.env_remove(unset);
        }
        command.envs(variables.iter().copied());
        Process::start(command, &config)
    };
    stop(start(&[("XDG_STATE_HOME", &state)]).unwrap());
    let of_hosts: Vec<_> = fs::read_dir(state.join("tailor")).unwrap().collect();
    let [Ok(own)] = &of_hosts[..] else {
        panic!("{of_hosts:?}");
    };
    assert!(own.file_name().to_str().unwrap().starts_with("tailor-"));
    assert_eq!(compiled(&own.path()).len(), 1);
    // The same host finds it again.
    stop(start(&[("XDG_STATE_HOME", &state)]).unwrap());
    assert_eq!(fs::read_dir(state.join("tailor")).unwrap().count(), 1);

    let home = dir.path().join("home");
    stop(start(&[("HOME", &home)]).unwrap());
    assert!(home.join(".local/state/tailor").is_dir());
    let unit = dir.path().join("unit");
    stop(start(&[("HOME", &home), ("STATE_DIRECTORY", &unit)]).unwrap());
    assert_eq!(compiled(&unit).len(), 1);
    assert!(!dir.path().join(".tailor").exists());

    let said = Command::new(Process::program().unwrap())
        .args(["serve", "--config"])
        .arg(&config)
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    for part in ["engine.data-dir", "no $HOME", "write data-dir in [engine]"] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn unneeded_compiled_code_is_removed_when_it_is_old() {
    let (config, dir) = write("engine.compiled-max-unused = \"2d\"");
    let process = Process::serve(&config).unwrap();
    let data = dir.path().join("data");
    let [first] = &compiled(&data)[..] else {
        panic!("one component has one file");
    };
    publish(&process, dir.path(), "v2").await;
    publish(&process, dir.path(), "v3").await;
    // The last two versions are kept to go back to, and so is their code; that of v1 is unused.
    until(async || (compiled(&data).len() == 3).then_some(())).await;
    for file in compiled(&data) {
        let file = fs::File::options().write(true).open(file).unwrap();
        let days = SystemTime::now() - Duration::from_secs(3 * 24 * 3600);
        file.set_modified(days).unwrap();
    }
    stop(process);
    stop(Process::serve(&config).unwrap());
    let left = compiled(&data);
    assert!(left.len() == 2 && !left.contains(first), "{left:?}");
}

//! The program as an operator runs it: signals, exit codes, what it says when it cannot start.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tailor_harness::{Files, Process, TestHost, TestHostBuilder};

use crate::modules::{self, ECHO, Part};
use crate::wire::{Gate, HELD, HELD_ANSWER, Wire, get};

/// A configuration with a BFF that answers with its path.
fn builder(first: &str) -> TestHostBuilder {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    builder.unwrap().config(first).config(ECHO)
}

fn write(first: &str) -> (PathBuf, Files) {
    builder(first).write().unwrap()
}

const JSON: &str = "log.format = \"json\"";

fn append(path: &Path, text: &str) {
    let whole = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("{whole}\n{text}")).unwrap();
}

async fn ask(process: &Process, target: &str) -> (u16, String) {
    let answer = Wire::ask(process.address().unwrap(), &get(target, "")).await;
    (answer.status, answer.body)
}

fn says(text: &'static str) -> impl Fn(&serde_json::Value) -> bool {
    move |line| {
        line["message"]
            .as_str()
            .is_some_and(|line| line.contains(text))
    }
}

#[tokio::test]
async fn a_good_file_is_taken_over_on_sighup() {
    let (path, _dir) = write(JSON);
    let process = Process::serve(&path).unwrap();
    assert_eq!(ask(&process, "/more").await.0, 404);
    append(&path, "[[route]]\nbff = \"echo\"\npath = \"/more\"");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("server.workers = 2", "server.workers = 1");
    std::fs::write(&path, text).unwrap();
    process.signal("HUP").unwrap();
    process.wait_for(says("configuration reloaded")).unwrap();
    assert_eq!(ask(&process, "/more/x").await, (200, "/x".to_owned()));
    assert_eq!(ask(&process, "/echo/x").await, (200, "/x".to_owned()));
    let restart = process.wait_for(says("started again")).unwrap();
    assert_eq!(
        (&restart["key"], &restart["level"]),
        (&"server".into(), &"WARN".into())
    );
}

#[tokio::test]
async fn a_bad_file_changes_nothing_on_sighup() {
    let (path, dir) = write(JSON);
    let process = Process::serve(&path).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    append(
        &path,
        "[[route]]\nbff = \"ecco\"\npath = \"/more\"\n[bff.echo.limits]\ncalls = 0\n",
    );
    process.signal("HUP").unwrap();
    let line = process.wait_for(says("not reloaded")).unwrap();
    assert_eq!(line["level"], "ERROR");
    let message = line["message"].as_str().unwrap();
    for part in [
        "2 problems",
        "ecco",
        "did you mean",
        "bff.echo.limits.calls",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(ask(&process, "/more").await.0, 404);
    assert_eq!(ask(&process, "/echo/x").await, (200, "/x".to_owned()));

    // A file without a component is refused, and a good file after it is loaded.
    std::fs::write(dir.path().join("other.wasm"), b"no component").unwrap();
    let other =
        "[bff.other]\ncomponent = \"other.wasm\"\n[[route]]\nbff = \"other\"\npath = \"/other\"";
    std::fs::write(&path, format!("{good}\n{other}")).unwrap();
    process.signal("HUP").unwrap();
    let line = process.wait_for(says("bff.other")).unwrap();
    assert!(says("not a WebAssembly file")(&line), "{line}");
    assert_eq!(ask(&process, "/echo/x").await.0, 200);
    std::fs::write(&path, good).unwrap();
    process.signal("HUP").unwrap();
    process.wait_for(says("configuration reloaded")).unwrap();
}

/// A host with a request that waits for the gate.
async fn waiting(gate: &Gate) -> (Process, Wire, Wire, Files) {
    let builder = builder("log.format = \"json\"\nserver.shutdown-timeout = \"1h\"");
    let builder = builder.example("watch").unwrap().config(&gate.watch());
    let (path, dir) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let mut client = Wire::connect(process.address().unwrap()).await;
    client.send(&get(HELD, "")).await;
    (process, client, gate.call().await, dir)
}

#[tokio::test]
async fn sigterm_lets_requests_finish_and_exits_0() {
    for name in ["TERM", "INT"] {
        let gate = Gate::start().await;
        let (mut process, mut client, mut call, _dir) = waiting(&gate).await;
        process.signal(name).unwrap();
        process.wait_for(says("stopping")).unwrap();
        call.heart().await;
        assert_eq!(client.answer().await.body, HELD_ANSWER);
        assert_eq!(process.wait().unwrap().code(), Some(0), "{name}");
        process.wait_for(says("stopped")).unwrap();
    }
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let gate = Gate::start().await;
    let (mut process, mut client, mut call, _dir) = waiting(&gate).await;
    process.signal("TERM").unwrap();
    process.wait_for(says("stopping")).unwrap();
    process.signal("INT").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(1));
    assert_eq!(client.rest().await, "");
    assert_eq!(call.rest().await, "");
}

/// Starts and must fail; returns what it says.
fn refused(path: &Path) -> String {
    let output = Process::run(&["serve", "--config", &path.display().to_string()]).unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(output.stdout.is_empty());
    text
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_key() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for key in ["server.listen", "admin.listen"] {
        let (path, _dir) = write("");
        let text = std::fs::read_to_string(&path).unwrap();
        let free = format!("{key} = \"127.0.0.1:0\"");
        let text = text.replace(&free, &format!("{key} = \"{address}\""));
        std::fs::write(&path, text).unwrap();
        let said = refused(&path);
        let wanted = format!("tailor: {key} = \"{address}\": Address already in use");
        assert!(said.contains(&wanted), "{said}");
        assert!(said.contains("choose another address"), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("tailor.toml");
    let said = refused(&missing);
    assert!(
        said.contains("tailor.toml: cannot be read: No such file"),
        "{said}"
    );
    assert!(refused(dir.path()).contains("cannot be read: not a file but a directory"));
    std::fs::write(&missing, b"\xff\xfe").unwrap();
    assert!(refused(&missing).contains("tailor.toml"));
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let (path, dir) = write("");
    // A file is where the folder should be.
    std::fs::write(dir.path().join("data"), "").unwrap();
    let said = refused(&path);
    assert!(
        said.contains(&format!(
            "engine.data-dir: {}",
            dir.path().join("data").display()
        )),
        "{said}"
    );
    std::fs::remove_file(dir.path().join("data")).unwrap();

    for (folder, mode) in [("data", 0o777), ("data/compiled", 0o770)] {
        std::fs::create_dir_all(dir.path().join("data/compiled")).unwrap();
        let set = |folder: &str, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(dir.path().join(folder), mode).unwrap();
        };
        set(folder, mode);
        let said = refused(&path);
        let wanted = format!("{folder}: others can write to it (mode {mode:o}); set it to 700");
        assert!(said.contains(&wanted), "{said}");
        set(folder, 0o700);
    }
    // Removing it is the way out, as the message says; a folder with missing parents is created.
    let deep = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, deep.replace("\"data\"", "\"a/b/c\"")).unwrap();
    let check = ["check", "--config", &path.display().to_string()];
    assert!(Process::run(&check).unwrap().status.success());
    let made = std::fs::metadata(dir.path().join("a/b/c")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o700);
}

/// Runs the host until it has answered a request, and returns its log.
async fn once(path: &Path) -> Vec<serde_json::Value> {
    let mut process = Process::serve(path).unwrap();
    assert_eq!(ask(&process, "/echo/x").await, (200, "/x".to_owned()));
    process.signal("TERM").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    process.wait_for(says("stopped")).unwrap();
    process.log()
}

/// The file of compiled code: its path, its inode and its content.
fn compiled(dir: &Path) -> (PathBuf, u64, Vec<u8>) {
    use std::os::unix::fs::MetadataExt as _;
    let files = std::fs::read_dir(dir.join("data/compiled")).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    let path = paths
        .find(|path| path.extension().is_some_and(|it| it == "code"))
        .unwrap();
    let inode = std::fs::metadata(&path).unwrap().ino();
    let content = std::fs::read(&path).unwrap();
    (path, inode, content)
}

#[tokio::test]
async fn compiled_code_is_kept_checked_and_made_anew() {
    let (path, dir) = write(JSON);
    once(&path).await;
    let (file, inode, code) = compiled(dir.path());
    // A restart compiles nothing: the file is the same one.
    let log = once(&path).await;
    assert_eq!(compiled(dir.path()), (file.clone(), inode, code.clone()));
    assert!(!log.iter().any(says("compiled again")), "{log:?}");

    let mut damaged = code.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    let log = once(&path).await;
    assert!(
        log.iter()
            .any(says("damaged; the component is compiled again")),
        "{log:?}"
    );
    assert_eq!(compiled(dir.path()).2, code);

    // Bytes that match their digest and are no code: both were forged, or the disk is at fault.
    let sum = tailor::digest::hex(b"no code");
    std::fs::write(&file, format!("{sum}no code")).unwrap();
    let log = once(&path).await;
    assert!(
        log.iter()
            .any(says("does not load; the component is compiled again")),
        "{log:?}"
    );
    assert_eq!(compiled(dir.path()).2, code);

    // Code that another user could have written, or that has a name elsewhere.
    let foreign = says("others could have written this compiled code");
    std::fs::set_permissions(&file, Permissions::from_mode(0o622)).unwrap();
    assert!(once(&path).await.iter().any(&foreign));
    assert!(
        !once(&path).await.iter().any(&foreign),
        "its own is kept again"
    );
    std::fs::hard_link(&file, dir.path().join("elsewhere")).unwrap();
    assert!(once(&path).await.iter().any(&foreign));
    assert_eq!(compiled(dir.path()).2, code);

    // Where nothing can be kept, the component is compiled all the same.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir_all(file.join("in-the-way")).unwrap();
    let log = once(&path).await;
    assert!(log.iter().any(says("compiled code is not kept")), "{log:?}");
}

#[tokio::test]
async fn the_log_is_text_for_people_unless_told_otherwise() {
    let (path, _dir) = write("");
    let process = Process::serve(&path).unwrap();
    let request = get("/echo/x", "x-request-id: text-1\r\n");
    let answer = Wire::ask(process.address().unwrap(), &request).await;
    assert_eq!(answer.status, 200);
    let access = process.wait_for_line(|line| line.contains("bytes_in").then(|| line.to_owned()));
    let access = access.unwrap();
    for part in [
        " INFO access: ",
        "request_id=\"text-1\"",
        "bff=\"echo\"",
        "status=200",
        "outcome=\"2xx\"",
    ] {
        assert!(access.contains(part), "{part}: {access}");
    }
    assert!(!access.contains('\u{1b}'), "no colours: {access}");
}

//! `tailor inspect`: what a component is, what it reaches, and what a configuration grants to it.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tailor_harness::Process;
use tailor_harness::components::from_module_in;

use crate::cli::{demo, run, text};
use crate::modules::{self, Part};

/// A component that answers, at `page.wasm`.
fn component(folder: &Path) -> String {
    let file = folder.join("page.wasm");
    fs::write(&file, modules::echo(Part::Path)).unwrap();
    text(&file)
}

/// What a component of this text is inspected as.
fn inspected(folder: &Path, component: &str) -> (i32, String) {
    let file = folder.join("component.wasm");
    fs::write(&file, wat::parse_str(component).unwrap()).unwrap();
    let (code, said, _) = run(&["inspect", &text(&file)]);
    (code, said)
}

#[test]
fn it_shows_imports_exports_and_grants() {
    let (path, dir) = demo();
    let watch = text(&dir.path().join("target/components/watch.wasm"));
    let (code, said, error) = run(&["inspect", &watch, "--config", &text(&path)]);
    assert_eq!(code, 0, "{error}");
    for part in [
        "version  ",
        "sha256   ",
        " bytes\n",
        "imports  tailor:bff/",
        "tailor:bff/downstream@0.1.1",
        "exports  tailor:bff/handler@0.1.1",
        "verdict  may be loaded",
        "reaches  services, by name: those that a configuration grants, and no other address\n",
        "no file, no socket, no environment variable, no other BFF\n",
        "granted  as bff.watch: may call activity, heart, sleep",
        "         heart: ",
        "         deadline 800ms, answer-reserve 100ms\n",
        "         limits: calls 16, ",
        "memory 64MiB",
        "         is reached at /watch of any host by GET, HEAD, as client watch\n",
        " with x-client = watch, as client watch\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // Its code is kept: a second look does not compile it.
    let (_, again, error) = run(&["inspect", &watch, "--config", &text(&path)]);
    assert_eq!((again, error.as_str()), (said, ""));
    // One that no BFF of the file is made of.
    let echo = dir.path().join("echo.wasm");
    fs::write(&echo, modules::echo(Part::Path)).unwrap();
    let (code, said, _) = run(&["inspect", &text(&echo), "-c", &text(&path)]);
    assert_eq!(code, 0);
    assert!(
        said.contains("imports  tailor:bff/types@0.1.1\n")
            && said.contains("granted  unknown: ")
            && said.contains("name one with --bff: there are "),
        "{said}"
    );
}

#[test]
fn it_says_why_a_component_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sockets = r#"(component (import "wasi:sockets/tcp@0.2.6" (instance)))"#;
    let (code, said) = inspected(dir.path(), sockets);
    assert_eq!(code, 1);
    assert!(said.contains("imports  wasi:sockets/tcp@0.2.6"), "{said}");
    assert!(
        said.contains("verdict  refused: component: imports wasi:sockets/tcp@0.2.6"),
        "{said}"
    );

    let file = dir.path().join("component.wasm");
    fs::write(&file, "hello").unwrap();
    let (code, _, error) = run(&["inspect", &text(&file)]);
    assert_eq!(
        (code, error.contains("not a WebAssembly file")),
        (1, true),
        "{error}"
    );
    let (code, _, error) = run(&["inspect", "/nonexistent.wasm"]);
    assert_eq!(
        (code, error.contains("component /nonexistent.wasm: ")),
        (1, true),
        "{error}"
    );
    // It is refused by its length alone.
    let huge = dir.path().join("huge.wasm");
    File::create(&huge).unwrap().set_len(8 << 30).unwrap();
    let (code, said, error) = run(&["inspect", &text(&huge)]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(
        error.contains("8589934592 bytes are more than engine.max-component-size"),
        "{error}"
    );
}

#[test]
fn only_what_is_linked_is_reached() {
    let dir = tempfile::tempdir().unwrap();
    for import in [
        "tailor:bff/runtime-evil@0.1.1",
        "tailor:bff/runtime@0.2.0",
        "tailor:bff/downstream-admin@0.1.1",
        "wasi:clocks-evil/x@0.2.0",
        "wasi:http/outgoing-handler@0.3.0",
    ] {
        let component = format!(r#"(component (import "{import}" (instance)))"#);
        let (code, said) = inspected(dir.path(), &component);
        assert_eq!(code, 1, "{said}");
        assert!(!said.contains("reaches"), "{said}");
    }
    // Standard input is empty, so it leads nowhere.
    let file = dir.path().join("stdin.wasm");
    fs::write(&file, from_module_in(STDIN, WORLD, "it").unwrap()).unwrap();
    let (code, said, error) = run(&["inspect", &text(&file)]);
    assert_eq!(code, 0, "{said}{error}");
    assert!(
        said.contains("wasi:cli/stdin@0.2.0") && said.contains("reaches  no file, no socket,"),
        "{said}"
    );
}

/// A module that reads the standard input.
const STDIN: &str = r#"(module
    (import "wasi:cli/stdin@0.2.0" "get-stdin" (func (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "tailor:bff/handler@0.1.1#handle")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (i32.const 1024))
    (data (i32.const 1024) "\c8\00"))"#;

/// Its world, and of WASI what it imports.
const WORLD: &str = r#"
package tailor:test;

world it {
    include tailor:bff/bff@0.1.1;
    import wasi:cli/stdin@0.2.0;
}

package wasi:io@0.2.0 {
    interface streams { resource input-stream; }
}

package wasi:cli@0.2.0 {
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
}
"#;

/// A service with every kind of grant, on a machine that has none of what it names.
const GRANTED: &str = r#"
[downstream.svc]
url = ["https://svc.example/api", "https://other.example/api"]
proxy = "http://proxy.internal:3128"
proxy-credentials-env = "NO_SUCH_VARIABLE_1"
headers = { x-tenant = "a" }
query = { key = "b" }
allow = ["GET /users/**", "POST /graphql"]
read = ["POST /graphql"]
send-headers = ["true-client-ip"]
receive-headers = ["set-cookie"]
pass-headers = ["accept-language"]
[downstream.svc.tls]
ca-file = "/nonexistent/ca.pem"
[downstream.svc.credentials]
bearer-env = "NO_SUCH_VARIABLE_2"
[[downstream.svc.default]]
call = "GET /users/a"
body-file = "/nonexistent/body.json"
[bff.page]
component = "/nonexistent/page.wasm"
downstreams = ["svc"]
allow = { svc = ["GET /users/a"] }
[bff.page.config]
"a\u001b[31mRED\u0007\nverdict  fake" = "1"
[bff.other]
component = "/nonexistent/other.wasm"
[[route]]
bff = "page"
path = "/page"
host = "page.example"
client = "wrist"
headers = { x-internal = "1" }
[[route]]
bff = "other"
"#;

#[test]
fn a_grant_shows_calls_fields_credentials_and_conditions_of_routes_on_any_machine() {
    let dir = tempfile::tempdir().unwrap();
    let (component, config) = (component(dir.path()), dir.path().join("tailor.toml"));
    fs::write(&config, GRANTED).unwrap();
    let config = text(&config);
    let (code, said, error) = run(&["inspect", &component, "-c", &config, "--bff", "page"]);
    assert_eq!(code, 0, "{error}");
    for line in [
        "granted  as bff.page: may call svc",
        "         svc: at https://svc.example/api, https://other.example/api",
        "         svc: through the proxy proxy.internal:3128",
        "         svc: GET /users/a (GET includes HEAD), of those that all may: GET /users/**, \
         POST /graphql (GET includes HEAD)",
        "         svc: made like GET: POST /graphql",
        "         svc: may be sent true-client-ip",
        "         svc: of its answers, the BFF sees set-cookie",
        "         svc: gets the client's accept-language",
        "         svc: gets the fixed fields x-tenant",
        "         svc: gets the fixed parameters key",
        "         svc: gets credentials of the host, which the BFF does not see: a bearer token",
        r"         config a\u{1b}[31mRED\u{7}\nverdict  fake",
        "         is reached at /page of page.example by GET, HEAD with x-internal = 1, \
         as client wrist",
    ] {
        assert!(said.lines().any(|it| it == line), "{line}: {said}");
    }
    assert!(!said.contains(['\u{1b}', '\u{7}']), "{said:?}");

    let (code, said, _) = run(&["inspect", &component, "-c", &config, "-b", "page", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["may_be_loaded"]), (0, &json!(true)));
    let granted = &said["grants"][0];
    assert_eq!(granted["limits"]["memory"], json!("64MiB"));
    let service = &granted["services"][0];
    assert_eq!(service["calls"], json!(["GET /users/a"]));
    assert_eq!(service["receives"], json!(["set-cookie"]));
    assert_eq!(service["credentials"]["kind"], json!("bearer"));
    assert_eq!(
        granted["routes"],
        json!([{"host": "page.example", "path": "/page", "methods": ["GET", "HEAD"],
            "headers": {"x-internal": "1"}, "client": "wrist"}])
    );

    // Without a name, it says which one may be meant; nothing is printed before a wrong file.
    let (_, said, _) = run(&["inspect", &component, "-c", &config]);
    assert!(
        said.contains("name one with --bff page, whose component has the same name"),
        "{said}"
    );
    let (code, said, error) = run(&["inspect", &component, "-c", &config, "-b", "pag"]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(
        error.contains("no bff.pag; there are other, page"),
        "{error}"
    );
    fs::write(&config, "[bff.x]\n").unwrap();
    let (code, said, _) = run(&["inspect", &component, "-c", &config]);
    assert_eq!((code, said.as_str()), (1, ""));
}

#[test]
fn a_reader_that_goes_is_no_failure_and_output_that_is_lost_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let component = component(dir.path());
    let config = dir.path().join("tailor.toml");
    let data = text(&dir.path().join("data"));
    fs::write(
        &config,
        format!(
            "engine.data-dir = {data:?}\n[bff.page]\ncomponent = \"page.wasm\"\n\
             [[route]]\nbff = \"page\"\n"
        ),
    )
    .unwrap();
    for (number, arguments) in [
        vec!["inspect", &component],
        vec!["check", "--config", config.to_str().unwrap()],
        vec!["kit", "--crate", "kit"],
        vec!["new", "watch", "--lang", "rust"],
        vec!["schema", "config"],
        vec!["completions", "bash"],
        vec!["man"],
    ]
    .into_iter()
    .enumerate()
    {
        let started = |folder: &str, out: Stdio| {
            let folder = dir.path().join(format!("{folder}{number}"));
            fs::create_dir(&folder).unwrap();
            let mut command = Command::new(Process::program().unwrap());
            command.args(&arguments).current_dir(folder);
            command
                .stdin(Stdio::null())
                .stdout(out)
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let gone = started("gone", writer.into()).wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&gone.stderr);
        assert_eq!(gone.status.code(), Some(0), "{arguments:?}: {errors}");
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let lost = started("full", full.into()).wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&lost.stderr);
        assert_eq!(lost.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(
            errors.contains("standard output: cannot be written: "),
            "{arguments:?}: {errors}"
        );
    }
}

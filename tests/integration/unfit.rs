//! Components that do not fit the contract: `inspect`, `check` and `serve` refuse the same ones, and
//! say the same.

use std::path::Path;

use tailor_harness::components::{from_module_in, from_module_of};

use crate::cli::{run, text};

/// A module that exports a handler and imports functions of the runtime, in the ABI's terms.
fn module(imports: &str, parameters: usize) -> String {
    let parameters = "i32 ".repeat(parameters);
    format!(
        r#"(module
          {imports}
          (memory (export "memory") 1)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
          (func (export "tailor:bff/handler@0.1.1#handle") (param {parameters}) (result i32)
            (i32.const 1024))
          (data (i32.const 1024) "\c8\00"))"#
    )
}

/// A component of another text of the contract. `from` is changed to `to`.
fn changed(from: &str, to: &str, module: &str) -> Vec<u8> {
    let wit = tailor::contract::WIT;
    assert!(wit.contains(from), "{from}");
    from_module_of(module, &wit.replace(from, to)).unwrap()
}

/// Components, with what is said of each.
fn unfit() -> Vec<(Vec<u8>, Vec<&'static str>)> {
    const PARAMETERS: usize = 16;
    let plain = module("", PARAMETERS);
    let clock = |name: &str, result: &str| {
        let import =
            format!(r#"(import "tailor:bff/runtime@0.1.1" "{name}" (func (result {result})))"#);
        module(&import, PARAMETERS)
    };
    let handler = "component: tailor:bff/handler@0.1.1: handle";
    let runtime = "component: tailor:bff/runtime@0.1.1: ";
    let said = |begin: &'static str, rest: &str| -> &'static str {
        Box::leak(format!("{begin}{rest}").into_boxed_str())
    };
    vec![
        (
            changed(
                "/// 200 to 599.\n        status: u16",
                "status: u8",
                &plain,
            ),
            vec![said(handler, ".result.status is u8, the contract has u16")],
        ),
        (
            changed(
                "/// 200 to 599.\n        status: u16,\n        headers: headers,\n        body: payload,",
                "status: u16,\n        headers: headers,",
                &plain,
            ),
            vec![said(handler, ".result lacks the field body")],
        ),
        (
            changed("        client: client,\n", "", &module("", PARAMETERS - 4)),
            vec![said(handler, ".r lacks the field client")],
        ),
        (
            changed("delete, options }", "delete, trace }", &plain),
            vec![said(handler, ".r.method lacks the case options")],
        ),
        (
            changed(
                "handle: func(r: request) -> response;",
                "handle: func() -> response;",
                &module("", 0),
            ),
            vec![said(handler, " takes 0 parameters, the contract has 1")],
        ),
        (
            changed(
                "handle: func(r: request) -> response;",
                "answer: func(r: request) -> response;",
                &plain.replace("#handle", "#answer"),
            ),
            vec![said(handler, " is not there"), "answer: the contract of this host has no"],
        ),
        (
            changed(
                "now-ms: func() -> u64;",
                "now-ms: func() -> u32;",
                &clock("now-ms", "i32"),
            ),
            vec![said(runtime, "now-ms.result is u32, the contract has u64")],
        ),
        (
            changed(
                "now-ms: func() -> u64;",
                "now-ms: func() -> u64; moon: func() -> u64;",
                &clock("moon", "i64"),
            ),
            vec![said(
                runtime,
                "moon: the contract of this host has no such function",
            )],
        ),
        (
            wat::parse_str(
                r#"(component
                  (import "wasi:filesystem/types@0.2.6" (instance))
                  (import "wasi:sockets/tcp@0.2.6" (instance))
                  (import "wasi:cli/environment@0.2.6" (instance))
                  (import "wasi:clocks/wall-clock@0.2.6" (instance))
                  (import "tailor:bff/secrets@0.1.0" (instance))
                  (import "env" (func)))"#,
            )
            .unwrap(),
            vec![
                "component: imports wasi:filesystem/types@0.2.6, which no BFF gets: there are no files",
                "imports wasi:sockets/tcp@0.2.6, which no BFF gets: there is no network",
                "imports wasi:cli/environment@0.2.6, which no BFF gets: there are no environment",
                "imports tailor:bff/secrets@0.1.0, which no BFF gets: the contract has no such",
                "imports env, which no BFF gets: ",
                "does not export tailor:bff/handler or wasi:http/incoming-handler@0.2; it exports nothing",
                "leaves it out with --stub-wasi (componentize-qjs, componentize-py)",
            ],
        ),
        // Of WASI, the engine compares the types.
        (
            from_module_in(
                &clock("now", "i32").replace("tailor:bff/runtime@0.1.1", "wasi:clocks/wall-clock@0.2.0"),
                "package tailor:test;
                world toolchain { include tailor:bff/bff@0.1.1; import wasi:clocks/wall-clock@0.2.0; }
                package wasi:clocks@0.2.0 { interface wall-clock { now: func() -> u8; } }",
                "toolchain",
            )
            .unwrap(),
            vec!["component: does not fit the contract: ", "wasi:clocks/wall-clock@0.2.0"],
        ),
    ]
}

fn config(folder: &Path) -> String {
    let file = folder.join("tailor.toml");
    let config = "
        server.listen = \"127.0.0.1:0\"
        engine.data-dir = \"data\"
        [bff.page]
        component = \"page.wasm\"
        [[route]]
        bff = \"page\"
        path = \"/page\"
    ";
    std::fs::write(&file, config).unwrap();
    text(&file)
}

#[test]
fn inspect_check_and_serve_refuse_the_same_components_with_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let (file, config) = (folder.path().join("page.wasm"), config(folder.path()));
    for (component, words) in unfit() {
        std::fs::write(&file, component).unwrap();
        let (code, inspected, error) = run(&["inspect", &text(&file), "--config", &config]);
        assert_eq!(code, 1, "{words:?}: {inspected} {error}");
        let inspected = inspected.split_once("verdict  refused: ").unwrap().1;
        let (code, _, checked) = run(&["check", "--config", &config]);
        assert_eq!(code, 1, "{words:?}");
        let (code, _, served) = run(&["serve", "--strict", "--config", &config]);
        assert_eq!(code, 1, "{words:?}");
        for word in words {
            assert!(inspected.contains(word), "{word}: {inspected}");
            assert!(checked.contains(word), "{word}: {checked}");
            assert!(served.contains(word), "{word}: {served}");
        }
    }
}

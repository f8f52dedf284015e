//! What the tests of the server run: BFFs of a few lines of text, which answer at once and make no
//! calls, and the three examples.

use downstream_mock::Services;
use tailor_harness::components::from_module;
use tailor_harness::{TestHost, TestHostBuilder};

/// The body of an echo.
#[derive(Clone, Copy)]
pub enum Part {
    Path,
    Body,
    Client,
    Host,
}

/// Answers 200 with a part of the request as its body and all fields of the request as its own.
pub fn echo(part: Part) -> Vec<u8> {
    // The places of kind, address and length among the parameters that the canonical ABI makes of a
    // request. Kind 1 is text.
    let (kind, address, length) = match part {
        Part::Path => ("(i32.const 1)", 3, 4),
        Part::Body => ("(local.get 9)", 10, 11),
        Part::Client => ("(i32.const 1)", 12, 13),
        Part::Host => ("(i32.const 1)", 14, 15),
    };
    let body = format!("{kind} (local.get {address}) (local.get {length})");
    module("(local.get 7) (local.get 8)", &body)
}

/// Answers 200 with this many bytes.
pub fn large(bytes: usize) -> Vec<u8> {
    let body = format!("(i32.const 2) (i32.const 65536) (i32.const {bytes})");
    module("(i32.const 0) (i32.const 0)", &body)
}

/// A component with these fields (address and count) and this body (kind, address, length).
fn module(fields: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (memory (export "memory") 512)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $store (param $fields i32) (param $count i32) (param $kind i32) (param $address i32) (param $length i32)
    (i32.store16 (i32.const 16) (i32.const 200))
    (i32.store (i32.const 20) (local.get $fields))
    (i32.store (i32.const 24) (local.get $count))
    (i32.store8 (i32.const 28) (local.get $kind))
    (i32.store (i32.const 32) (local.get $address))
    (i32.store (i32.const 36) (local.get $length)))
  (func (export "tailor:bff/handler@0.1.1#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $store {fields} {body})
    (i32.const 16)))"#
    );
    from_module(&text).unwrap()
}

/// The part of a configuration that serves `echo.wasm` at `/echo`.
pub const ECHO: &str = r#"
[bff.echo]
component = "echo.wasm"
[[route]]
bff = "echo"
path = "/echo"
methods = ["GET", "POST"]
"#;

/// Settings of a service that leave a busy machine all the time that it needs.
pub const PATIENT: &str =
    "timeout = \"50s\"\nfirst-byte-timeout = \"50s\"\nconnect-timeout = \"50s\"";

/// The three example BFFs at `/watch`, `/dashboard` and `/partner`, with as much time; `first` is
/// for dotted keys.
pub fn examples(services: &Services, first: &str) -> TestHostBuilder {
    let mut builder = TestHost::builder().unwrap().config(first);
    builder = builder.services(services, PATIENT);
    for (name, grants) in [
        ("watch", r#""activity", "heart", "sleep""#),
        (
            "dashboard",
            r#""activity", "goals", "heart", "profile", "sleep""#,
        ),
        ("partner", r#""activity", "heart", "sleep""#),
    ] {
        builder = builder.example(name).unwrap().config(&format!(
            "[[route]]\nbff = \"{name}\"\npath = \"/{name}\"\n\
             [bff.{name}]\ncomponent = \"{name}.wasm\"\ndownstreams = [{grants}]\ndeadline = \"1m\"\n\
             limits.cpu = \"5s\"\nlimits.cpu-wait = \"1m\""
        ));
    }
    builder
}

//! Components as full toolchains make them: they import parts of WASI 0.2 beside the contract.

use tailor_harness::components::from_module_in;

/// A module of the contract's world that imports nothing and answers nothing.
pub const NOTHING: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "tailor:bff/handler@0.1.1#handle")
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (i32.const 1024))
    (data (i32.const 1024) "\c8\00"))"#;

/// A component that imports an interface and nothing else.
pub fn asking_for(import: &str) -> Vec<u8> {
    let text = format!(r#"(component (import "{import}" (instance (export "f" (func)))))"#);
    wat::parse_str(text).unwrap()
}

/// The world, and of WASI the interfaces and functions that are used here, as they stand in WASI's
/// own packages.
const WORLD: &str = r#"
package tailor:test;

world toolchain {
    include tailor:bff/bff@0.1.1;
    import wasi:cli/stderr@0.2.0;
    import wasi:cli/stdout@0.2.0;
    import wasi:clocks/monotonic-clock@0.2.0;
    import wasi:clocks/wall-clock@0.2.0;
    import wasi:random/random@0.2.0;
}

package wasi:io@0.2.0 {
    interface error { resource error; }
    interface poll { resource pollable { block: func(); } }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource output-stream {
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
        }
    }
}

package wasi:cli@0.2.0 {
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.0.{output-stream}; get-stderr: func() -> output-stream; }
}

package wasi:clocks@0.2.0 {
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        now: func() -> u64;
        subscribe-duration: func(nanoseconds: u64) -> pollable;
    }
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
}

package wasi:random@0.2.0 {
    interface random {
        get-random-bytes: func(len: u64) -> list<u8>;
        get-random-u64: func() -> u64;
    }
}
"#;

fn component(handle: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
          (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
          (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
            (func $write (param i32 i32 i32 i32)))
          (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $close (param i32)))
          (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
          (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $ticks (result i64)))
          (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $after (param i64) (result i32)))
          (import "wasi:clocks/wall-clock@0.2.0" "now" (func $time (param i32)))
          (import "wasi:random/random@0.2.0" "get-random-u64" (func $dice (result i64)))
          (import "wasi:random/random@0.2.0" "get-random-bytes" (func $bytes (param i64 i32)))
          (memory (export "memory") 64)
          (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
          (func (export "tailor:bff/handler@0.1.1#handle")
            (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
            (local $out i32) (local $err i32)
            {handle}
            (i32.const 1024))
          (data (i32.const 1024) "\c8\00")
          (data (i32.const 2048) "from stdout\nand more")
          (data (i32.const 3072) "from stderr\n"))"#
    );
    from_module_in(&text, WORLD, "toolchain").unwrap_or_else(|error| panic!("{error:#}"))
}

/// Prints, and fails unless the clocks go and random numbers differ.
pub fn printing() -> Vec<u8> {
    component(
        "(local.set $out (call $stdout))
        (call $write (local.get $out) (i32.const 2048) (i32.const 20) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then (unreachable)))
        (local.set $err (call $stderr))
        (call $write (local.get $err) (i32.const 3072) (i32.const 12) (i32.const 512))
        (if (i32.load8_u (i32.const 512)) (then (unreachable)))
        (call $close (local.get $err))
        (call $close (local.get $out))
        (call $time (i32.const 512))
        (if (i64.lt_u (i64.load (i32.const 512)) (i64.const 1700000000)) (then (unreachable)))
        (if (i64.gt_u (call $ticks) (call $ticks)) (then (unreachable)))
        (if (i64.eq (call $dice) (call $dice)) (then (unreachable)))",
    )
}

/// Waits for a thousand seconds on WASI's clock.
pub fn sleeping() -> Vec<u8> {
    component("(call $block (call $after (i64.const 1000000000000)))")
}

/// Requests this number of random bytes in one call.
pub fn taking_random(bytes: u64) -> Vec<u8> {
    component(&format!(
        "(call $bytes (i64.const {bytes}) (i32.const 512))"
    ))
}

/// Opens standard output over and over, and closes it never.
pub fn opening_streams() -> Vec<u8> {
    component("(loop $again (drop (call $stdout)) (br $again))")
}

//! Hostile components as text, where the point is what the canonical ABI lets a guest do.

use tailor_harness::components::from_module;

/// A module of the contract's world that answers 200 without a body, except for what is set here.
#[derive(Clone, Copy)]
pub struct Wat<'a> {
    /// Pages of memory at the start.
    pub pages: u32,
    /// What `handle` does before it answers.
    pub handle: &'a str,
    /// What `cabi_realloc` does before it allocates.
    pub realloc: &'a str,
    /// What runs after the answer was read.
    pub post: &'a str,
    /// Further fields of the module: a start function, tables, data.
    pub more: &'a str,
}

impl Default for Wat<'_> {
    fn default() -> Self {
        Self {
            pages: 2,
            handle: "",
            realloc: "",
            post: "",
            more: "",
        }
    }
}

/// Loops for ever.
pub const LOOP: &str = "(loop $again (br $again))";

impl Wat<'_> {
    /// The component.
    ///
    /// The response lies at 1024: `status`, `headers` at 1028, `body` at 1036. What the host
    /// allocates comes after 65536. The call of nothing lies at 640, all zero: empty lists and
    /// texts, and nothing that may be left out; its result at 512.
    pub fn component(&self) -> Vec<u8> {
        let Self {
            pages,
            handle,
            realloc,
            post,
            more,
        } = self;
        let handle_params = "i32 ".repeat(16);
        let text = format!(
            r#"(module $hostile
              (import "tailor:bff/runtime@0.1.1" "log"
                (func $log (param i32 i32 i32 i32 i32)))
              (import "tailor:bff/downstream@0.1.1" "fetch"
                (func $fetch (param i32 i32)))
              (memory (export "memory") {pages})
              (global $free (mut i32) (i32.const 65536))
              (global $armed (mut i32) (i32.const 0))
              (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                {realloc}
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              (func $handle (export "tailor:bff/handler@0.1.1#handle") (param {handle_params}) (result i32)
                (local $i i32)
                {handle}
                (i32.const 1024))
              (func $post (export "cabi_post_tailor:bff/handler@0.1.1#handle") (param i32)
                {post})
              (func $call_of_nothing
                (call $fetch (i32.const 640) (i32.const 512)))
              (data (i32.const 1024) "\c8\00")
              {more})"#
        );
        from_module(&text).unwrap_or_else(|error| panic!("{error:#}\n{text}"))
    }
}

//! A BFF whose answer has a random id, a name and what came of a call. Made from text, so that its
//! versions differ in one thing.

use tailor_harness::components;

use crate::downstream::relay::ALLOCATE;

/// Where its answer is in memory.
const ANSWER: usize = 4000;

/// One version.
#[derive(Clone, Copy)]
pub struct Guest {
    pub name: &'static str,
    /// The path that it asks of the service `facts`.
    pub path: &'static str,
    /// Instructions before all others.
    pub first: &'static str,
    /// Its status.
    pub status: u16,
}

/// Takes four random bytes more, so that all that come later are others.
pub const MORE_DICE: &str = "(call $random (i32.const 4) (i32.const 900))";
/// Never ends.
pub const ENDLESS: &str = "(loop $for_ever (br $for_ever))";

impl Guest {
    /// The version that is live.
    pub const LIVE: Self = Self {
        name: "Ada",
        path: "/a",
        first: "",
        status: 200,
    };

    pub fn component(self) -> Vec<u8> {
        let Self {
            name,
            path,
            first,
            status,
        } = self;
        let answer = format!(r#"{{"id":"........","facts":"-","name":"{name}"}}"#);
        let at = |text: &str| ANSWER + answer.find(text).unwrap();
        let (id, facts) = (at("........"), at("-"));
        let data = answer.replace('"', "\\\"");
        let (length, path_length) = (answer.len(), path.len());
        let text = format!(
            r#"
(module
  (import "tailor:bff/downstream@0.1.1" "fetch" (func $fetch (param i32 i32)))
  (import "tailor:bff/runtime@0.1.1" "random" (func $random (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 3000) "facts")
  (data (i32.const 3100) "{path}")
  (data (i32.const {ANSWER}) "{data}")
  (global $free (mut i32) (i32.const 8192))
  {ALLOCATE}
  (func (export "tailor:bff/handler@0.1.1#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (local $place i32)
    {first}
    ;; Eight letters.
    (call $random (i32.const 8) (i32.const 900))
    (loop $next
      (i32.store8 (i32.add (i32.const {id}) (local.get $place))
        (i32.add (i32.const 97) (i32.and (i32.const 15)
          (i32.load8_u (i32.add (i32.load (i32.const 900)) (local.get $place))))))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $place) (i32.const 8))))
    ;; A GET, in which all that is not written is zero.
    (i32.store (i32.const 1100) (i32.const 3000))
    (i32.store (i32.const 1104) (i32.const 5))
    (i32.store (i32.const 1112) (i32.const 3100))
    (i32.store (i32.const 1116) (i32.const {path_length}))
    (call $fetch (i32.const 1100) (i32.const 1024))
    ;; 0 for an answer, 1 for none.
    (i32.store8 (i32.const {facts}) (i32.add (i32.const 48) (i32.load8_u (i32.const 1024))))
    (i32.store16 (i32.const 2048) (i32.const {status}))
    (i32.store8 (i32.const 2060) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const {ANSWER}))
    (i32.store (i32.const 2068) (i32.const {length}))
    (i32.const 2048)))
"#
        );
        components::from_module(&text).unwrap()
    }
}

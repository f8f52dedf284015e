//! A BFF that passes each request on to a service and the answer back, written as text: so that it
//! is short, and several versions of it differ in one word.
//!
//! The service is the one that has the name of the route's client. Method, path, query and body are
//! the request's; header fields are not passed on. The answer has the status and the body of the
//! service's, and `x-version` names this version. A call without a reply is answered 560 and more,
//! see [`failure`].

use tailor_harness::{Reply, components};

/// The kinds of failures in the contract's order.
const KINDS: [&str; 10] = [
    "denied",
    "invalid",
    "exhausted",
    "timeout",
    "unreachable",
    "interrupted",
    "overloaded",
    "too-large",
    "malformed",
    "rejected",
];

/// The component. `timeout_ms` is that of each call.
pub fn relay(version: &str, timeout_ms: Option<u32>) -> Vec<u8> {
    written(version, timeout_ms, None)
}

/// The component, with each call under a profile of the operator's.
pub fn relay_with_profile(profile: &str) -> Vec<u8> {
    written("v1", None, Some(profile))
}

/// The component, with calls of POST whatever the request is.
pub fn poster(version: &str) -> Vec<u8> {
    let text = text(version, None, None);
    let stored = "(i32.store8 (i32.const 1108) ";
    let text = text.replace(
        &format!("{stored}(local.get $method))"),
        &format!("{stored}(i32.const 2))"),
    );
    components::from_module(&text).unwrap()
}

/// A component that could call as the relay does, and calls nothing. It answers 200.
pub fn silent(version: &str) -> Vec<u8> {
    let text = text(version, None, None);
    let text = text.replace(CALL, "(i32.store16 (i32.const 1028) (i32.const 200))");
    components::from_module(&text).unwrap()
}

fn written(version: &str, timeout_ms: Option<u32>, profile: Option<&str>) -> Vec<u8> {
    components::from_module(&text(version, timeout_ms, profile)).unwrap()
}

fn text(version: &str, timeout_ms: Option<u32>, profile: Option<&str>) -> String {
    let (given, limit) = timeout_ms.map_or((0, 0), |limit| (1, limit));
    let (named, profile) = profile.map_or((0, ""), |profile| (1, profile));
    TEXT.replace("PROFILE_GIVEN", &named.to_string())
        .replace("PROFILE_LENGTH", &profile.len().to_string())
        .replace("PROFILE", profile)
        .replace("ALLOCATE", ALLOCATE)
        .replace("VERSION_LENGTH", &version.len().to_string())
        .replace("VERSION", version)
        .replace("TIMEOUT_GIVEN", &given.to_string())
        .replace("TIMEOUT_MS", &limit.to_string())
}

/// Why a call of the relay's had no reply: the kind of failure, and whether anything may have been
/// sent.
pub fn failure(reply: &Reply) -> Option<(&'static str, bool)> {
    let code = usize::from(reply.status.as_u16()).checked_sub(560)?;
    Some((KINDS.get(code % 10)?, code >= 10))
}

/// What the host calls to put the request into a module's memory, from the module's global `$free`
/// on.
pub const ALLOCATE: &str = r#"
  ;; Memory is never given back: the instance ends with its request.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $new i32)
    (local.set $new (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $new) (local.get $size)))
    (block $enough (loop $more
      (br_if $enough (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
      unreachable))
    (memory.copy (local.get $new) (local.get $old) (local.get $old_size))
    (local.get $new))
"#;

/// The call of the relay.
const CALL: &str = "(call $fetch (i32.const 1100) (i32.const 1024))";

const TEXT: &str = r#"
(module
  (import "tailor:bff/downstream@0.1.1" "fetch" (func $fetch
    (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 3100) "x-version")
  (data (i32.const 3200) "VERSION")
  (data (i32.const 3400) "PROFILE")
  (global $free (mut i32) (i32.const 8192))

  ALLOCATE

  (func (export "tailor:bff/handler@0.1.1#handle")
    (param $id i32) (param $id_length i32) (param $method i32) (param $path i32) (param $path_length i32)
    (param $query i32) (param $queries i32) (param $headers i32) (param $header_count i32)
    (param $body i32) (param $body_at i32) (param $body_length i32)
    (param $client i32) (param $client_length i32) (param $host i32) (param $host_length i32)
    (result i32)
    ;; The result is written to 1024.
    ;; The call is at 1100, where all that is not written is zero: no headers, no pointers.
    (i32.store (i32.const 1100) (local.get $client))
    (i32.store (i32.const 1104) (local.get $client_length))
    (i32.store8 (i32.const 1108) (local.get $method))
    (i32.store (i32.const 1112) (local.get $path))
    (i32.store (i32.const 1116) (local.get $path_length))
    (i32.store (i32.const 1120) (local.get $query))
    (i32.store (i32.const 1124) (local.get $queries))
    (i32.store8 (i32.const 1136) (local.get $body))
    (i32.store (i32.const 1140) (local.get $body_at))
    (i32.store (i32.const 1144) (local.get $body_length))
    (i32.store8 (i32.const 1156) (i32.const TIMEOUT_GIVEN))
    (i32.store (i32.const 1160) (i32.const TIMEOUT_MS))
    (i32.store8 (i32.const 1164) (i32.const PROFILE_GIVEN))
    (i32.store (i32.const 1168) (i32.const 3400))
    (i32.store (i32.const 1172) (i32.const PROFILE_LENGTH))
    (call $fetch (i32.const 1100) (i32.const 1024))
    ;; The response is at 2048, its only header at 3000.
    (i32.store (i32.const 3000) (i32.const 3100))
    (i32.store (i32.const 3004) (i32.const 9))
    (i32.store (i32.const 3008) (i32.const 3200))
    (i32.store (i32.const 3012) (i32.const VERSION_LENGTH))
    (i32.store (i32.const 2052) (i32.const 3000))
    (i32.store (i32.const 2056) (i32.const 1))
    (if (i32.load8_u (i32.const 1024))
      (then
        (i32.store16 (i32.const 2048)
          (i32.add (i32.const 560) (i32.add (i32.load8_u (i32.const 1028))
            (i32.mul (i32.const 10) (i32.load8_u (i32.const 1029))))))
        (i32.store8 (i32.const 2060) (i32.const 1))
        (i64.store align=4 (i32.const 2064) (i64.load align=4 (i32.const 1032))))
      (else
        (i32.store16 (i32.const 2048) (i32.load16_u (i32.const 1028)))
        (i32.store8 (i32.const 2060) (i32.load8_u (i32.const 1040)))
        (i64.store align=4 (i32.const 2064) (i64.load align=4 (i32.const 1044)))))
    (i32.const 2048)))
"#;

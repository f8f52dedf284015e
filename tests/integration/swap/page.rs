//! A BFF that answers one page, in which its version stands in many places, and nothing else. Made
//! from text, so that fifty versions of it cost no compiler of Rust.

use tailor_harness::components;

use crate::downstream::relay::ALLOCATE;

/// How often a page names its version, in each of its two parts.
const NAMED: usize = 500;

/// A version that answers 200.
pub fn page(version: &str) -> Vec<u8> {
    with_end(version, "(i32.const 200)")
}

/// A version whose answers say that all caches may keep them for each device.
pub fn kept(version: &str) -> Vec<u8> {
    const FIELDS: [(&str, &str); 3] = [
        ("cache-control", "public, max-age=60"),
        ("cdn-cache-control", "max-age=600"),
        ("vary", "x-device"),
    ];
    let (mut data, mut fields, mut at) = (String::new(), String::new(), 3300);
    for (index, (name, value)) in FIELDS.iter().enumerate() {
        for (part, text) in [name, value].into_iter().enumerate() {
            let place = 3016 + 16 * index + 8 * part;
            data.push_str(&format!("(data (i32.const {at}) \"{text}\")\n"));
            fields.push_str(&format!(
                "(i32.store (i32.const {place}) (i32.const {at}))\n\
                 (i32.store (i32.const {}) (i32.const {}))\n",
                place + 4,
                text.len()
            ));
            at += text.len();
        }
    }
    let number = "(i32.store (i32.const 2056) (i32.const 1))";
    let text = text(version, "(i32.const 200)")
        .replace(
            "(data (i32.const 3100)",
            &format!("{data}(data (i32.const 3100)"),
        )
        .replace(
            number,
            &format!("{fields}(i32.store (i32.const 2056) (i32.const 4))"),
        );
    components::from_module(&text).unwrap()
}

/// A version that answers with another status.
pub fn page_with_status(version: &str, status: u16) -> Vec<u8> {
    with_end(version, &format!("(i32.const {status})"))
}

/// A version that traps instead.
pub fn trap(version: &str) -> Vec<u8> {
    with_end(version, "(unreachable)")
}

/// A version that traps where the path ends with an exclamation mark.
pub fn fragile(version: &str) -> Vec<u8> {
    // The path is the fourth parameter, and its length the fifth.
    let last = "(i32.load8_u (i32.sub (i32.add (local.get 3) (local.get 4)) (i32.const 1)))";
    let ends = format!("(i32.eq {last} (i32.const 33))");
    with_end(
        version,
        &format!("(if (result i32) {ends} (then (unreachable)) (else (i32.const 200)))"),
    )
}

/// A version that computes for some milliseconds first.
pub fn slow(version: &str) -> Vec<u8> {
    let count = "(global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))";
    let more = "(br_if $again (i32.lt_u (global.get $rounds) (i32.const 3000000)))";
    let spins = format!("(loop $again {count} {more})");
    let counted = "(global $free (mut i32) (i32.const 131072))";
    let text = text(
        version,
        &format!("(block (result i32) {spins} (i32.const 200))"),
    );
    let text = text.replace(
        counted,
        &format!("{counted}\n  (global $rounds (mut i32) (i32.const 0))"),
    );
    components::from_module(&text).unwrap()
}

/// The body of a page.
pub fn body(version: &str) -> String {
    format!("{version};").repeat(2 * NAMED)
}

/// The same component under another digest, larger by `size` bytes: what is added is a section that
/// is never read.
pub fn stamped(component: &[u8], size: usize) -> Vec<u8> {
    let mut section = b"\x05stamp".to_vec();
    section.resize(section.len() + size, b'x');
    let mut whole = component.to_vec();
    whole.push(0);
    let mut length = section.len();
    while length > 0x7f {
        whole.push(0x80 | (length & 0x7f) as u8);
        length >>= 7;
    }
    whole.push(length as u8);
    whole.extend(section);
    whole
}

fn with_end(version: &str, status: &str) -> Vec<u8> {
    components::from_module(&text(version, status)).unwrap()
}

fn text(version: &str, status: &str) -> String {
    let part = format!("{version};").repeat(NAMED);
    let (length, second) = (2 * part.len(), 65_536 + part.len());
    format!(
        r#"
(module
  (memory (export "memory") 16)
  (global $free (mut i32) (i32.const 131072))
  (data (i32.const 3100) "x-version")
  (data (i32.const 3200) "{version}")
  (data (i32.const 65536) "{part}")
  (data (i32.const {second}) "{part}")
  {ALLOCATE}
  (func (export "tailor:bff/handler@0.1.1#handle")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 3000) (i32.const 3100))
    (i32.store (i32.const 3004) (i32.const 9))
    (i32.store (i32.const 3008) (i32.const 3200))
    (i32.store (i32.const 3012) (i32.const {}))
    (i32.store16 (i32.const 2048) {status})
    (i32.store (i32.const 2052) (i32.const 3000))
    (i32.store (i32.const 2056) (i32.const 1))
    (i32.store8 (i32.const 2060) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 65536))
    (i32.store (i32.const 2068) (i32.const {length}))
    (i32.const 2048)))
"#,
        version.len()
    )
}

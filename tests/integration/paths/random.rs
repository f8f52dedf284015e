//! Paths that are made to be read in several ways, drawn from what such paths consist of. For the
//! tests, and for the program that holds the models to the real readers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a path is put together from. Most of it means something to one of the readers.
pub const PARTS: [&str; 40] = [
    "..", ".", "...", "%2e", "%2E%2e", ".%2e", "%2e.", "/", "/", "/", "//", "/../", "/..;", "/.;/",
    "%2f", "%2F", "\\", "%5c", ";", ";", ";a=b", "%3B", "%3b", "%25", "%252e", "%252f", "%23",
    "%3F", "%", "%z", "%00", "%0d%0a", "%20", "+", "%C3%A9", "%c0%ae", "a", "x", "days", "admin",
];

/// Parts that alone do no harm, so that many paths are let through.
const TAME: [&str; 14] = [
    "a", "x", "days", "admin", "...", "a..", "..a", ";a", ";..", "%20", "%252f", "%3B", "/", "/a",
];

/// A path below `/users/`, often one that ends like those that are granted.
pub fn path() -> impl Strategy<Value = String> {
    let wild = vec(select(&PARTS[..]), 0..7);
    let tame = vec(select(&TAME[..]), 1..6);
    let middle = prop_oneof![3 => wild, 2 => tame].prop_map(|parts| parts.concat());
    let end = select(&["/days", "/days", "", "/", "/days/1", ";/days"][..]);
    (middle, end).prop_map(|(middle, end)| format!("/users/{middle}{end}"))
}

//! Targets of fuzzing: functions of any bytes that panic where a rule is broken that holds for all
//! of them. They are no part of the host: they are compiled for tests, and with the feature
//! `fuzzing`.
//!
//! `tests/fuzz` drives them with libFuzzer, and holds the corpus, which is run as a test, too.

mod component;

use crate::{calls, ci, downstream, registry, server, signature};

pub use component::module;

/// A function that any bytes may be given to.
pub type Target = fn(&[u8]);

/// The targets, by the names of their folders in the corpus.
pub const TARGETS: [(&str, Target); 13] = [
    ("call_path", calls::fuzzing::path_and_query),
    ("call_fields", calls::fuzzing::fields),
    ("select", calls::fuzzing::select),
    ("answer_http1", downstream::fuzzing::answer_http1),
    ("answer_http2", downstream::fuzzing::answer_http2),
    ("cache_control", downstream::fuzzing::cache_control),
    ("dns_answer", downstream::fuzzing::dns_answer),
    ("client_http1", server::fuzzing::client_http1),
    ("client_http2", server::fuzzing::client_http2),
    ("component", component::component),
    ("registry", registry::fuzzing::registry),
    ("ci_token", ci::fuzzing::ci_token),
    ("signature", signature::fuzzing::signature),
];

/// Gives the bytes to the target of this name.
///
/// # Panics
///
/// Where a rule is broken, and when there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    assert!(target.is_some(), "{name}: no such target");
    if let Some((_, target)) = target {
        target(input);
    }
}

#[cfg(test)]
mod tests;

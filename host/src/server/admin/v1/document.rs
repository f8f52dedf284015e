//! The documents of answers.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::releases::{Release, State};
use crate::time::writable;

/// A release.
pub(super) fn release(release: &Release) -> Value {
    let mut document = json!({
        "number": release.number,
        "bff": release.bff,
        "digest": release.digest,
        "kind": release.kind,
        "message": release.message,
        "source": release.source,
        "begun": time(release.begun),
        "state": match release.state {
            State::Proving => "proving",
            State::Live => "live",
            State::Replaced => "replaced",
            State::Refused { .. } => "refused",
            State::Interrupted => "interrupted",
        },
        "since": time(release.since),
    });
    if let State::Refused { step, reason } = &release.state {
        document["step"] = json!(step);
        document["reason"] = json!(reason);
    }
    document
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable(at)).to_string()
}

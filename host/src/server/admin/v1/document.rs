//! The documents of answers.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::releases::{Act, Event, Kind, Live, Release, State, Step, StoreError, way_out};
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
        "state": release.state.name(),
        "since": time(release.since),
        "actor": release.actor,
    });
    explain(&mut document, &release.state);
    if let Some(difference) = &release.difference {
        document["difference"] = json!(difference);
    }
    if let Some(evidence) = &release.evidence {
        document["evidence"] = evidence.clone();
    }
    if let Some(signed) = &release.signed {
        document["signer"] = json!(signed.signer);
        document["comment"] = json!(signed.comment);
    }
    document
}

/// A rollback that is live and not in the journal.
pub(super) fn unrecorded(bff: &str, digest: &str, why: &StoreError) -> Value {
    json!({
        "bff": bff,
        "digest": digest,
        "kind": Kind::Rollback.name(),
        "state": State::Live.name(),
        "unrecorded": why.to_string(),
    })
}

/// What happened to a release.
pub(super) fn event(event: &Event) -> Value {
    let mut document = json!({
        "number": event.number,
        "release": event.release,
        "bff": event.bff,
        "digest": event.digest,
        "kind": event.kind,
        "state": event.state.name(),
        "at": time(event.at),
    });
    explain(&mut document, &event.state);
    document["actor"] = json!(event.actor);
    if let Some(evidence) = &event.evidence {
        document["evidence"] = evidence.clone();
    }
    document
}

/// What is live of a BFF.
pub(super) fn live(live: &Live) -> Value {
    json!({
        "release": live.release,
        "digest": live.digest,
        "previous": live.previous,
        "since": time(live.since),
    })
}

/// What somebody did.
pub(super) fn act(act: &Act) -> Value {
    json!({
        "number": act.number,
        "at": time(act.at),
        "actor": act.actor,
        "token": act.token,
        "what": act.what,
        "status": act.status,
        "result": act.result,
        "request_id": act.request,
    })
}

fn explain(document: &mut Value, state: &State) {
    match state {
        State::Refused { step, reason } => refusal(document, step, reason),
        State::Canary { percent, paused } => {
            document["percent"] = json!(percent);
            document["held"] = json!(paused);
        }
        State::RolledBack { reason } => refusal(document, Step::Gate.name(), reason),
        State::Aborted { reason } => document["reason"] = json!(reason),
        State::Previewed { name } => document["name"] = json!(name),
        State::Proving | State::Live | State::Replaced | State::Interrupted => {}
    }
}

/// At which step, why, and the way out.
fn refusal(document: &mut Value, step: &str, reason: &str) {
    let (reason, fix) = way_out(step, reason);
    document["step"] = json!(step);
    document["reason"] = json!(reason);
    document["fix"] = json!(fix);
}

pub(super) fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable(at)).to_string()
}

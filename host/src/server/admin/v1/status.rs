//! What runs, BFF by BFF, beside what the journal says is live.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::problem::V1Problem;
use super::{Pages, document, json};
use crate::bff::swap::Bff;
use crate::bff::trial::OnTrial;
use crate::releases::{Caller, Canary, LiveByBff, OrderError};
use crate::server::admin::state::Unrecorded;
use crate::server::admin::{AdminBody, state};

/// All BFFs that the caller knows of.
pub(super) async fn all(pages: &Pages, caller: &Caller) -> Result<Response<AdminBody>, V1Problem> {
    let live = pages.orders.live().await?;
    let snapshot = pages.shared.snapshot.load_full();
    let bffs = snapshot.bffs.iter();
    let bffs = bffs.filter(|(name, _)| caller.knows(name));
    let unrecorded = pages.orders.unrecorded();
    let bffs: Vec<Value> = bffs
        .map(|(name, bff)| status(name, bff, &live, &unrecorded))
        .collect();
    Ok(json(StatusCode::OK, &json!({"bffs": bffs})))
}

/// One BFF.
pub(super) async fn one(pages: &Pages, name: &str) -> Result<Response<AdminBody>, V1Problem> {
    let bff = pages.shared.snapshot.load().bffs.get(name).cloned();
    let bff = bff.ok_or_else(|| OrderError::NoBff(name.to_owned()))?;
    let live = pages.orders.live().await?;
    let document = status(name, &bff, &live, &pages.orders.unrecorded());
    Ok(json(StatusCode::OK, &document))
}

fn status(name: &str, bff: &Arc<Bff>, live: &LiveByBff, unrecorded: &Unrecorded) -> Value {
    let mut document = state::version(name, bff, unrecorded);
    document["name"] = json!(name);
    document["releases"] = json!(bff.settings().component.is_none());
    let signers = bff.settings().signers.iter();
    let signers: Vec<String> = signers.map(|signer| signer.id().to_string()).collect();
    document["signers"] = json!(signers);
    document["linked"] = json!(bff.previous().map(|it| it.digest.clone()));
    let live = live.get(name).and_then(|live| live.as_ref().ok());
    document["live"] = live.map_or(Value::Null, document::live);
    document["automation_off"] = json!(live.and_then(|live| live.automation_off.clone()));
    document["canary"] = match bff.on_trial() {
        Some(on_trial) => canary(&on_trial, live.and_then(|live| live.canary.as_ref())),
        None => Value::Null,
    };
    document
}

/// The release on trial, and what its gate knows.
fn canary(on_trial: &OnTrial, recorded: Option<&Canary>) -> Value {
    let trial = &on_trial.trial;
    let recorded = recorded.filter(|it| it.release == trial.release());
    json!({
        "release": trial.release(),
        "version": &**on_trial.version.name(),
        "digest": on_trial.version.loaded().digest,
        "percent": trial.percent(),
        "step": trial.step() + 1,
        "steps": trial.shares(),
        "held": recorded.and_then(|it| it.paused.clone()),
        "waits_for": trial.lacks().map(|it| it.to_string()),
        "evidence": trial.evidence(),
    })
}

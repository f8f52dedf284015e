//! What runs, BFF by BFF, beside what the journal says is live.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::problem::V1Problem;
use super::{Pages, document, json};
use crate::bff::swap::Bff;
use crate::releases::{Caller, LiveByBff, OrderError};
use crate::server::admin::{AdminBody, state};

/// All BFFs that the caller knows of.
pub(super) async fn all(pages: &Pages, caller: &Caller) -> Result<Response<AdminBody>, V1Problem> {
    let live = pages.orders.live().await?;
    let snapshot = pages.shared.snapshot.load_full();
    let bffs = snapshot.bffs.iter();
    let bffs = bffs.filter(|(name, _)| caller.knows(name));
    let bffs: Vec<Value> = bffs.map(|(name, bff)| status(name, bff, &live)).collect();
    Ok(json(StatusCode::OK, &json!({"bffs": bffs})))
}

/// One BFF.
pub(super) async fn one(pages: &Pages, name: &str) -> Result<Response<AdminBody>, V1Problem> {
    let bff = pages.shared.snapshot.load().bffs.get(name).cloned();
    let bff = bff.ok_or_else(|| OrderError::NoBff(name.to_owned()))?;
    let live = pages.orders.live().await?;
    Ok(json(StatusCode::OK, &status(name, &bff, &live)))
}

fn status(name: &str, bff: &Arc<Bff>, live: &LiveByBff) -> Value {
    let mut document = state::version(bff);
    document["name"] = json!(name);
    document["releases"] = json!(bff.settings().component.is_none());
    document["linked"] = json!(bff.previous().map(|it| it.digest.clone()));
    document["live"] = match live.get(name) {
        Some(Ok(live)) => document::live(live),
        Some(Err(_)) | None => Value::Null,
    };
    document
}

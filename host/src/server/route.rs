//! Where a request goes.

use std::sync::Arc;

use super::access::Access;
use super::inbound::Head;
use super::preview::{self, Asked};
use super::reply::Reply;
use super::worker::Worker;
use crate::config;
use crate::router::RouteMatch;
use crate::snapshot::Target;

/// Where a request goes.
pub(super) enum Routed<'p> {
    /// To this BFF, with this path, and how its requests are recorded if they are.
    Live(Arc<Target>, &'p str, Option<Arc<config::Record>>),
    /// To a version that is not live.
    Preview(Asked),
}

/// Finds out where a request goes.
///
/// # Errors
///
/// The host's answer, where it comes to no BFF.
pub(super) fn route<'p>(
    worker: &Worker,
    head: &Head<'p>,
    access: &Access,
) -> Result<Routed<'p>, Box<Reply>> {
    let snapshot = worker.shared.snapshot.load();
    if let Some(asked) = preview::asked(&snapshot, head) {
        return Ok(Routed::Preview(asked));
    }
    let record = &snapshot.config.record;
    // A shared reference costs all workers, so only where it is needed.
    let record = record.enabled.then(|| record.clone());
    let host = &head.authority.host;
    let found = snapshot
        .routes
        .find(host, head.path, head.method, head.headers);
    match found {
        RouteMatch::Route { index, rest } => {
            Ok(Routed::Live(snapshot.targets[index].clone(), rest, record))
        }
        other => Err(Box::new(Reply::unrouted(&other, access))),
    }
}

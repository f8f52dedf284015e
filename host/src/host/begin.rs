//! How a release begins: what an order has to fit, which is looked at before a component is pulled
//! for it and once more when it is there, and the row of the release.

use super::change::Changes;
use crate::canary::Plan;
use crate::releases::{
    Appended, Caller, Kind, NewPreview, NewRelease, Order, OrderError, Release, Releases, State,
    StoreError, Target, Terms,
};

/// Among how many releases a component is looked for.
const KEPT: usize = 1000;

/// What the settings make of an order that fits them.
pub(super) struct Settled {
    /// Of one that gets a share of the requests first.
    pub(super) plan: Option<Plan>,
    /// Of one for a preview.
    pub(super) preview: Option<NewPreview>,
}

/// Refuses an order that does not fit the settings of now.
pub(super) fn settle(changes: &Changes, order: &Order) -> Result<Settled, OrderError> {
    if !takes_releases(changes, &order.bff) {
        return Err(OrderError::NoBff(order.bff.clone()));
    }
    changes.check_signing(order)?;
    Ok(Settled {
        plan: changes.plan_of(order)?,
        preview: changes.preview_of(order)?,
    })
}

/// What the journal has to look at before such an order begins a release of this component.
pub(super) fn terms(order: &Order, digest: Option<String>, preview: Option<NewPreview>) -> Terms {
    Terms {
        bff: order.bff.clone(),
        kind: order.kind,
        digest,
        again: order.again,
        expect_live: order.expect_live.in_journal(),
        key: order.key.clone(),
        preview,
    }
}

/// Whether a BFF is released to.
pub(super) fn takes_releases(changes: &Changes, bff: &str) -> bool {
    let snapshot = changes.shared.snapshot.load();
    let bff = snapshot.bffs.get(bff);
    bff.is_some_and(|bff| bff.settings().component.is_none())
}

/// Whether a component is one that this caller has: what others have is nobody's business.
pub(super) fn sees(releases: &Releases, caller: &Caller, digest: &str) -> Result<bool, StoreError> {
    match caller.team() {
        Some(team) => releases.sees(team, digest),
        None => Ok(true),
    }
}

/// Why a component was not live, by its newest release.
fn why_never_live(releases: &Releases, bff: &str, digest: &str) -> Result<String, StoreError> {
    let all = releases.list(bff, None, KEPT)?;
    let newest = all.into_iter().find(|it| it.digest == digest);
    let Some(Release { number, state, .. }) = newest else {
        return Ok("no release of it is in the history".to_owned());
    };
    Ok(match state {
        State::Refused { step, reason } => {
            format!("release {number} was refused at {step}: {reason}")
        }
        State::RolledBack { reason } => {
            format!("release {number} was rolled back while it was on trial: {reason}")
        }
        State::Aborted { reason } => format!("release {number} was ended: {reason}"),
        state => format!("release {number} is {}", state.name()),
    })
}

/// Writes the row of a release. Returns it, and the release if it is new.
pub(super) fn begin(
    releases: &Releases,
    order: &Order,
    target: Target,
    Settled { plan, preview }: Settled,
) -> Result<(Release, Option<NewRelease>), OrderError> {
    let bff = order.bff.clone();
    let live = match releases.live()?.remove(&bff) {
        Some(Ok(live)) => Some(live),
        // A release is what mends it.
        Some(Err(_)) | None => None,
    };
    let digest = match target {
        Target::Digest(digest) => digest,
        Target::Previous => {
            let previous = live.and_then(|live| live.previous);
            previous.ok_or_else(|| OrderError::NoPrevious(bff.clone()))?
        }
    };
    if order.kind == Kind::Rollback && !releases.was_live(&bff, &digest)? {
        let why = why_never_live(releases, &bff, &digest)?;
        return Err(OrderError::NeverLive { bff, digest, why });
    }
    // What was live was the BFF's, no matter which team uploaded it.
    let is_own = order.kind == Kind::Rollback || sees(releases, &order.caller, &digest)?;
    if !is_own || !releases.has(&digest)? {
        return Err(StoreError::NoComponent(digest).into());
    }
    let new = NewRelease {
        canary: plan,
        preview,
        ..NewRelease::of(order, digest)
    };
    let (number, new) = match releases.append(&new)? {
        Appended::New(number) => (number, Some(new)),
        Appended::Known(number) => (number, None),
    };
    let release = releases.get(number)?;
    let release = release.ok_or_else(|| OrderError::NoRelease {
        bff: order.bff.clone(),
        release: number,
    })?;
    Ok((release, new))
}

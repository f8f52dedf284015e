//! Orders about trials.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::bff::trial::OnTrial;
use crate::file::TIMEOUT;
use crate::host::change::{Changes, blocking};
use crate::releases::{
    Appended, Begun, CanaryAct, CanaryChange, CanaryOrder, Expected, Order, OrderError, Ordered,
    Releases, StoreError, Target,
};

/// No release has this number: nothing is changed that is on trial.
const NONE: Option<i64> = Some(0);

impl Changes {
    /// Executes an order about a trial.
    ///
    /// # Errors
    ///
    /// When there is no such trial, or the order cannot be recorded.
    pub(in crate::host) async fn judge_by_order(
        &self,
        order: CanaryOrder,
    ) -> Result<Begun, OrderError> {
        let releases = self.releases.clone().ok_or(OrderError::Stopping)?;
        let name = &order.bff;
        let lock = timeout(TIMEOUT, self.committing.take(name)).await;
        let _lock = lock.map_err(|_| StoreError::Slow {
            place: "engine.data-dir".to_owned(),
        })?;
        let bff = self.released_bff(name)?;
        let on_trial = self.on_trial(&releases, &bff, name).await;
        let wanted = order.release;
        let fits = |it: &OnTrial| wanted.is_none_or(|wanted| wanted == it.trial.release());
        let on_trial = on_trial.filter(fits);
        let change = change(&order, on_trial.as_ref());
        if let (Some(on_trial), CanaryAct::Abort) = (&on_trial, order.act) {
            // No disk delays it.
            self.end_trial(name, on_trial.trial.release());
        }
        let changed = match &on_trial {
            Some(on_trial) => self.commit(&releases, name, on_trial, change.clone()).await,
            None => {
                // It may be an order that came before. If not, the journal says what is there.
                let (store, bff, change) = (releases.clone(), name.clone(), change.clone());
                let release = wanted.or(NONE);
                let asking = blocking(move || store.change_canary(&bff, release, &change));
                asking.await.map_err(|_| OrderError::Stopping)?
            }
        };
        let number = match (changed, &on_trial) {
            (Ok(Appended::New(number)), _) => number,
            (Ok(Appended::Known(number)), _) => {
                // It was another one that the order has ended.
                releases.tell_again();
                number
            }
            (Err(why), Some(on_trial)) if why.is_of_host() && order.act == CanaryAct::Abort => {
                let release = on_trial.trial.release();
                self.end_trial(name, release);
                self.unrecorded.put_end(name, release, change);
                self.unkept().notify_one();
                let live = bff.current().map(|it| it.loaded().digest.clone());
                return Ok(Begun::Unrecorded {
                    bff: name.clone(),
                    digest: live.unwrap_or_default(),
                    why,
                });
            }
            (Err(error), _) => {
                releases.tell_again();
                return Err(error.into());
            }
        };
        let reading = blocking(move || releases.get(number)).await;
        let release = reading.map_err(|_| OrderError::Stopping)??;
        let release = release.ok_or_else(|| OrderError::NoRelease {
            bff: name.clone(),
            release: number,
        })?;
        Ok(Begun::Recorded(Box::new(release)))
    }

    /// The order to end a trial that a rollback means: what was live before is live.
    pub(in crate::host) async fn abort_of(
        &self,
        order: &Order,
    ) -> Result<Option<CanaryOrder>, OrderError> {
        if order.target != Target::Previous {
            return Ok(None);
        }
        let releases = self.releases.clone().ok_or(OrderError::Stopping)?;
        let bff = self.released_bff(&order.bff)?;
        let abort = CanaryOrder {
            bff: order.bff.clone(),
            act: CanaryAct::Abort,
            release: None,
            message: order.message.clone(),
            key: order.key.clone(),
            caller: order.caller.clone(),
        };
        let Some(on_trial) = self.on_trial(&releases, &bff, &order.bff).await else {
            // The same order may have ended one: it must not go back further.
            let is_known = order.key.is_some() && is_known(&releases, &abort).await;
            return Ok(is_known.then_some(abort));
        };
        let live = bff.current().map(|it| it.loaded().digest.clone());
        let live = live.unwrap_or_else(|| "none".to_owned());
        let is_expected = match &order.expect_live {
            Expected::Any => true,
            Expected::Nothing => live == "none",
            Expected::Digest(digest) => *digest == live,
        };
        if !is_expected {
            let what = format!("{live} is live, and another release on trial");
            let bff = order.bff.clone();
            return Err(StoreError::Conflict { bff, what, live }.into());
        }
        Ok(Some(CanaryOrder {
            release: Some(on_trial.trial.release()),
            ..abort
        }))
    }
}

/// Whether an order came before.
async fn is_known(releases: &Arc<Releases>, order: &CanaryOrder) -> bool {
    let (store, bff, change) = (releases.clone(), order.bff.clone(), change(order, None));
    let asking = blocking(move || store.change_canary(&bff, NONE, &change));
    matches!(asking.await, Ok(Ok(Appended::Known(_))))
}

/// The change that an order means.
fn change(order: &CanaryOrder, on_trial: Option<&OnTrial>) -> CanaryChange {
    let ordered = Ordered {
        actor: order.caller.name().to_owned(),
        key: order.key.clone(),
    };
    let by = |what: &str| format!("{what} by {}", ordered.actor);
    let message = order.message.clone();
    match order.act {
        CanaryAct::Promote => CanaryChange::Promote {
            reason: message,
            evidence: on_trial.map_or(Value::Null, |it| json!(it.trial.evidence())),
            order: Some(ordered),
        },
        CanaryAct::Abort => CanaryChange::Abort {
            reason: message.unwrap_or_else(|| by("ended")),
            order: Some(ordered),
        },
        CanaryAct::Hold => CanaryChange::Pause {
            reason: Some(message.unwrap_or_else(|| by("held"))),
            order: ordered,
        },
        CanaryAct::Resume => CanaryChange::Pause {
            reason: None,
            order: ordered,
        },
    }
}

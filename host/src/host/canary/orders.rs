//! Orders about trials.

use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::bff::swap::Bff;
use crate::bff::trial::OnTrial;
use crate::file::TIMEOUT;
use crate::host::change::Changes;
use crate::host::rollback::recorded;
use crate::releases::{
    Appended, Begun, CanaryAct, CanaryChange, CanaryOrder, Expected, Order, OrderError, Ordered,
    StoreError, Target,
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
        let bff = self.released_bff(name)?;
        let mut candidate = None;
        if order.act == CanaryAct::Promote
            && let Some(canary) = self.awaited(&releases, &bff, name).await
        {
            // It is live with the answer, and is not loaded under the lock.
            candidate = self.candidate(&releases, name, &canary).await;
        }
        let lock = timeout(TIMEOUT, self.committing.take(name)).await;
        let _lock = lock.map_err(|_| StoreError::Slow {
            place: "engine.data-dir".to_owned(),
        })?;
        let bff = self.released_bff(name)?;
        self.unrecorded.check_key(name, order.key.as_ref())?;
        if self.unrecorded.ended_by(name, order.key.as_ref()) {
            let why = self.unrecorded.reason(name);
            let why = why.unwrap_or(StoreError::Unrecorded);
            return Ok(ended_unrecorded(&bff, name, why));
        }
        if candidate.is_some() {
            self.reconcile(&releases, name, candidate).await;
        }
        let on_trial = bff.on_trial();
        let release = match &on_trial {
            Some(on_trial) => Some(on_trial.trial.release()),
            None if order.act == CanaryAct::Promote => None,
            // The journal is told, and this host follows it.
            None => self
                .awaited(&releases, &bff, name)
                .await
                .map(|it| it.release),
        };
        let fits = |it: &i64| order.release.is_none_or(|wanted| wanted == *it);
        let fitting = release.filter(fits);
        let on_trial = on_trial.filter(|_| fitting.is_some());
        if fitting.is_none() && self.unrecorded.has_end(name) {
            return Err(OrderError::Store(StoreError::NoCanary {
                bff: name.clone(),
                what: "no release is on trial".to_owned(),
            }));
        }
        let change = change(&order, on_trial.as_ref());
        if let (Some(release), CanaryAct::Abort) = (fitting, order.act) {
            // No disk delays it.
            self.end_trial(name, release);
        }
        let at = SystemTime::now();
        // Without one, it may be an order that came before. If not, the journal says what is there.
        let may_be = |it: &i64| {
            let is_promoted = order.act == CanaryAct::Promote;
            release.is_some() || !(is_promoted || self.unrecorded.has_ended(name, *it))
        };
        let asked = fitting.or(order.release.filter(may_be)).or(NONE);
        let committing = self.commit(&releases, name, asked, on_trial.as_ref(), change.clone());
        let number = match (committing.await, fitting) {
            (Ok(Appended::New(number)), _) => number,
            (Ok(Appended::Known(number)), _) => {
                // It was another one that the order has ended.
                releases.tell_again();
                number
            }
            (Err(why), Some(release)) if why.is_of_host() && order.act == CanaryAct::Abort => {
                self.unrecorded.put_end(name, (release, change, at), &why);
                self.unrecorded.again();
                return Ok(ended_unrecorded(&bff, name, why));
            }
            (Err(error), _) => {
                releases.tell_again();
                return Err(error.into());
            }
        };
        recorded(&releases, name, number).await
    }

    /// The order to end a trial that a rollback means: what was live before is live.
    pub(in crate::host) async fn abort_of(
        &self,
        order: &Order,
        target: &Target,
    ) -> Result<Option<CanaryOrder>, OrderError> {
        if *target != Target::Previous {
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
        // The same order may have ended one: it must not go back further.
        if self.unrecorded.ended_by(&order.bff, order.key.as_ref()) {
            return Ok(Some(abort));
        }
        let release = match bff.on_trial() {
            Some(on_trial) => Some(on_trial.trial.release()),
            None => {
                let awaited = self.awaited(&releases, &bff, &order.bff).await;
                awaited.map(|it| it.release)
            }
        };
        let Some(release) = release else {
            return Ok(None);
        };
        let live = bff.current().map(|it| it.loaded().digest.clone());
        let is_expected = match &order.expect_live {
            Expected::Any => true,
            Expected::Nothing => live.is_none(),
            Expected::Digest(digest) => Some(digest) == live.as_ref(),
        };
        if !is_expected {
            let shown = live.as_deref().unwrap_or("none");
            let what = format!("{shown} is live, and another release on trial");
            return Err(StoreError::other_is_live(&order.bff, what, live.as_deref()).into());
        }
        Ok(Some(CanaryOrder {
            release: Some(release),
            ..abort
        }))
    }
}

/// The answer to an order that has ended a trial, where the journal does not have it.
fn ended_unrecorded(bff: &Bff, name: &str, why: StoreError) -> Begun {
    let live = bff.current().map(|it| it.loaded().digest.clone());
    Begun::Unrecorded {
        bff: name.to_owned(),
        digest: live.unwrap_or_default(),
        why,
    }
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

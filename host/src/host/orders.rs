//! Orders of operators about releases: short ones are executed at once, and a release goes on after
//! its answer, on the thread for changes.

use std::collections::BTreeMap;
use std::iter;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::begin::{Settled, begin, sees, settle, takes_releases, terms};
use super::change::Changes;
use super::control::Control;
use crate::preview::is_start_of_digest;
use crate::releases::{
    Act, Answer, Begun, Caller, CanaryOrder, Event, Exchange, Kind, Live, LiveByBff, NewToken,
    Order, OrderError, Orders, Part, Previews, ReachDifference, Release, Releases, ShadowOrder,
    StoreError, Stored, Target, Token,
};

/// How long an answer waits for the audit.
const NOTED: Duration = Duration::from_millis(500);

/// Among how many releases the newest is looked for that is no preview.
const NEWEST: usize = 1000;

/// Executes orders.
pub(super) struct ReleaseOrders {
    /// The listener must not keep a stopped host's versions alive.
    changes: Weak<Changes>,
    /// The event loop of changes.
    event_loop: Handle,
}

impl ReleaseOrders {
    pub(super) fn new(changes: &Arc<Changes>, control: &Control) -> Self {
        Self {
            changes: Arc::downgrade(changes),
            event_loop: control.event_loop().clone(),
        }
    }

    fn changes(&self) -> Result<(Arc<Changes>, Arc<Releases>), OrderError> {
        let changes = self.changes.upgrade().ok_or(OrderError::Stopping)?;
        let releases = changes.releases.clone().ok_or(OrderError::Stopping)?;
        Ok((changes, releases))
    }

    /// What the host knows of a BFF, whatever the journal says.
    fn known(&self, name: &str) -> Known {
        let changes = self.changes().ok();
        let found = changes.and_then(|(changes, _)| {
            let bff = changes.shared.snapshot.load().bffs.get(name).cloned()?;
            let is_behind = changes.unrecorded.has_rollback(name);
            let current = bff.current().filter(|_| is_behind);
            Some(Known {
                linked: bff.previous().map(|it| it.digest.clone()),
                gone_back_to: current.map(|it| it.loaded().digest.clone()),
            })
        });
        found.unwrap_or_default()
    }

    /// Does something with the store of releases.
    fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Releases) -> Result<T, OrderError> + Send + 'static,
    ) -> Answer<T> {
        let found = self.changes();
        Box::pin(async move {
            let (_, releases) = found?;
            let working = tokio::task::spawn_blocking(move || work(&releases));
            working.await.unwrap_or(Err(OrderError::Stopping))
        })
    }

    /// The same, for a BFF that is released to.
    fn of_bff<T: Send + 'static>(
        &self,
        bff: String,
        work: impl FnOnce(&Releases, &str) -> Result<T, OrderError> + Send + 'static,
    ) -> Answer<T> {
        let known = self
            .changes()
            .is_ok_and(|(it, _)| takes_releases(&it, &bff));
        if !known {
            return Box::pin(async { Err(OrderError::NoBff(bff)) });
        }
        self.with_store(move |releases| work(releases, &bff))
    }
}

impl Orders for ReleaseOrders {
    fn authenticate(&self, text: String) -> Answer<Token> {
        self.with_store(move |releases| Ok(releases.authenticate(&text)??))
    }

    fn token(&self, id: String) -> Answer<Token> {
        self.with_store(move |releases| Ok(releases.token(&id)??))
    }

    fn create_token(&self, new: NewToken) -> Answer<(Token, String)> {
        self.with_store(move |releases| Ok(releases.create_token(new)?))
    }

    fn exchange(&self, new: NewToken, exchange: Exchange) -> Answer<(Token, String)> {
        self.with_store(move |releases| Ok(releases.exchange(new, &exchange)?))
    }

    fn tokens(&self) -> Answer<Vec<Token>> {
        self.with_store(|releases| Ok(releases.tokens()?))
    }

    fn revoke(&self, id: String) -> Answer<bool> {
        self.with_store(move |releases| Ok(releases.revoke(&id)?))
    }

    fn note(&self, act: Act) -> Answer<()> {
        let id = act.request.clone();
        let noting = self.with_store(move |releases| Ok(releases.note(&act)?));
        let noted = self.event_loop.spawn(async move {
            if let Err(error) = noting.await {
                tracing::warn!(id, "an act is not recorded: {error}");
            }
        });
        Box::pin(async move {
            // An answer does not wait for long: what was done is done.
            let _ = timeout(NOTED, noted).await;
            Ok(())
        })
    }

    fn acts(&self, before: Option<i64>, limit: usize) -> Answer<Vec<Act>> {
        self.with_store(move |releases| Ok(releases.acts(before, limit)?))
    }

    fn has(&self, digest: String, caller: Caller) -> Answer<bool> {
        self.with_store(move |releases| {
            Ok(sees(releases, &caller, &digest)? && releases.has(&digest)?)
        })
    }

    fn store(
        &self,
        digest: String,
        mut parts: mpsc::Receiver<Part>,
        caller: Caller,
    ) -> Answer<Stored> {
        let config = self
            .changes()
            .map(|it| it.0.shared().snapshot.load().config.clone());
        self.with_store(move |releases| {
            let parts = iter::from_fn(|| parts.blocking_recv());
            let known = sees(releases, &caller, &digest)?;
            if let (Some(team), false) = (caller.team(), known) {
                let limits = &config?.releases;
                releases.check_room(team, limits.max_unreleased, limits.keep)?;
            }
            let stored = releases.store(&digest, parts)?;
            // It may be what a damaged one is replaced with.
            releases.tell_again();
            let Some(team) = caller.team() else {
                return Ok(stored);
            };
            releases.show(team, &digest)?;
            // Another team's component is new to this one.
            let is_new = stored.is_new || !known;
            Ok(Stored { is_new, ..stored })
        })
    }

    fn may_begin(&self, order: Order, digest: Option<String>) -> Answer<Option<Release>> {
        let found = self.changes();
        Box::pin(async move {
            let (changes, releases) = found?;
            let Settled { preview, .. } = settle(&changes, &order)?;
            let unrecorded = changes.unrecorded.clone();
            let asking = tokio::task::spawn_blocking(move || {
                unrecorded.record(&releases, &order.bff)?;
                Ok(releases.may_begin(&terms(&order, digest, preview))?)
            });
            asking.await.unwrap_or(Err(OrderError::Stopping))
        })
    }

    fn judge(&self, order: CanaryOrder) -> Answer<Begun> {
        let found = self.changes();
        let (event_loop, on) = (self.event_loop.clone(), self.event_loop.clone());
        let judged = on.spawn(async move {
            let (changes, _) = found?;
            let judged = changes.judge_by_order(order).await?;
            event_loop.spawn(async move { changes.tidied().await });
            Ok(judged)
        });
        Box::pin(async move { judged.await.unwrap_or(Err(OrderError::Stopping)) })
    }

    fn shadow(&self, order: ShadowOrder) -> Answer<Value> {
        let found = self.changes();
        let (event_loop, on) = (self.event_loop.clone(), self.event_loop.clone());
        let begun = on.spawn(async move {
            let (changes, _) = found?;
            let (live, report) = changes.begin_shadow(&order).await?;
            event_loop.spawn(async move { changes.load_shadow(order, live).await });
            Ok(report)
        });
        Box::pin(async move { begun.await.unwrap_or(Err(OrderError::Stopping)) })
    }

    fn begin(&self, order: Order, target: Target) -> Answer<Begun> {
        let found = self.changes();
        let event_loop = self.event_loop.clone();
        let on = event_loop.clone();
        let begun = async move {
            let (changes, releases) = found?;
            let settled = settle(&changes, &order)?;
            if order.kind == Kind::Rollback {
                let begun = match changes.abort_of(&order, &target).await? {
                    Some(abort) => Some(changes.judge_by_order(abort).await?),
                    None => changes.roll_back(&order, &target).await?,
                };
                if let Some(begun) = begun {
                    event_loop.spawn(async move { changes.tidied().await });
                    return Ok(begun);
                }
            }
            let unrecorded = changes.unrecorded.clone();
            let beginning = tokio::task::spawn_blocking(move || {
                unrecorded.record(&releases, &order.bff)?;
                begin(&releases, &order, target, settled)
            });
            let (release, new) = beginning.await.unwrap_or(Err(OrderError::Stopping))?;
            if let Some(new) = new {
                let number = release.number;
                // A preview is in the way of no release, and none is in its way.
                if new.kind != Kind::Preview {
                    changes.waits(&new.bff, number);
                }
                event_loop.spawn(async move { changes.release(number, new).await });
            }
            Ok(Begun::Recorded(Box::new(release)))
        };
        // It goes on when nobody waits for it any more.
        let begun = on.spawn(begun);
        Box::pin(async move { begun.await.unwrap_or(Err(OrderError::Stopping)) })
    }

    fn list(&self, bff: String, before: Option<i64>, limit: usize) -> Answer<Vec<Release>> {
        self.of_bff(bff, move |releases, bff| {
            Ok(releases.list(bff, before, limit)?)
        })
    }

    fn get(&self, bff: String, release: i64) -> Answer<Release> {
        let changes = self.changes.clone();
        let reading = self.of_bff(bff, move |releases, bff| {
            let found = releases.get(release)?.filter(|found| found.bff == bff);
            found.ok_or_else(|| OrderError::NoRelease {
                bff: bff.to_owned(),
                release,
            })
        });
        Box::pin(async move {
            let found = reading.await?;
            if let Some(changes) = changes.upgrade() {
                changes.wait_until_it_runs(&found).await;
            }
            Ok(found)
        })
    }

    fn previews(&self, bff: String) -> Answer<Previews> {
        self.of_bff(bff, move |releases, bff| Ok(releases.previews(bff)?))
    }

    fn end_preview(&self, bff: String, name: String, caller: Caller) -> Answer<Release> {
        self.of_bff(bff, move |releases, bff| {
            let ended = releases.end_preview(bff, &name, caller.name())?;
            let release = ended.map(|release| releases.get(release)).transpose()?;
            release.flatten().ok_or_else(|| OrderError::NoPreview {
                bff: bff.to_owned(),
                name,
            })
        })
    }

    fn named(&self, bff: String, name: String) -> Answer<String> {
        let known = self.known(&bff);
        self.of_bff(bff, move |releases, bff| named(releases, bff, &name, known))
    }

    fn difference(&self, bff: String, from: String, to: String) -> Answer<ReachDifference> {
        let known = self.known(&bff);
        self.of_bff(bff, move |releases, bff| {
            let from = named(releases, bff, &from, known.clone())?;
            let to = named(releases, bff, &to, known)?;
            let reach = |digest: &String| {
                let found = releases.reach_of(bff, digest)?;
                found.ok_or_else(|| OrderError::Unproven {
                    bff: bff.to_owned(),
                    digest: digest.clone(),
                })
            };
            Ok(reach(&from)?.difference(&from, &reach(&to)?, &to))
        })
    }

    fn live(&self) -> Answer<LiveByBff> {
        self.with_store(|releases| Ok(releases.live()?))
    }

    fn events(&self, after: i64, limit: usize) -> Answer<Vec<Event>> {
        self.with_store(move |releases| Ok(releases.events(after, limit)?))
    }

    fn newest_event(&self) -> Answer<i64> {
        self.with_store(|releases| Ok(releases.newest_event()?))
    }

    fn trouble(&self) -> Option<StoreError> {
        self.changes().ok()?.1.trouble()
    }

    fn unrecorded(&self) -> BTreeMap<String, StoreError> {
        let found = self.changes();
        found.map_or_else(|_| BTreeMap::new(), |(it, _)| it.unrecorded.reasons())
    }

    fn happened(&self) -> Result<watch::Receiver<()>, OrderError> {
        Ok(self.changes()?.1.happened())
    }
}

/// What the host knows of a BFF, whatever the journal says.
#[derive(Clone, Default)]
struct Known {
    /// The component that a rollback goes back to without its file.
    linked: Option<String>,
    /// The one of a rollback that is live and not recorded.
    gone_back_to: Option<String>,
}

/// The component that a name means.
fn named(releases: &Releases, bff: &str, name: &str, known: Known) -> Result<String, OrderError> {
    let wrong = |what, fix| OrderError::Name {
        bff: bff.to_owned(),
        name: name.to_owned(),
        what,
        fix,
    };
    let none = |what| wrong(what, "release a component by its digest");
    let live =
        || -> Result<Option<Live>, OrderError> { Ok(releases.live()?.remove(bff).transpose()?) };
    if let ("live" | "latest", Some(digest)) = (name, known.gone_back_to) {
        return Ok(digest);
    }
    match name {
        "live" => {
            let live = live()?;
            live.map(|live| live.digest)
                .ok_or_else(|| none("is no component: nothing is live yet"))
        }
        "previous" => {
            // A rollback that the journal could not take is known to the host alone.
            let previous = match known.linked {
                Some(linked) => Some(linked),
                None => live()?.and_then(|live| live.previous),
            };
            previous.ok_or_else(|| none("is no component: none was live before"))
        }
        "latest" => {
            let newest = releases.list(bff, None, NEWEST)?.into_iter();
            let mut newest = newest.filter(|it| it.kind != Kind::Preview.name());
            let newest = newest.next().map(|release| release.digest);
            newest.ok_or_else(|| none("is no component: nothing was released yet"))
        }
        start if is_start_of_digest(start) => {
            let mut found = releases.find(bff, start)?.into_iter();
            match (found.next(), found.next()) {
                (Some(digest), None) => Ok(digest),
                (None, _) => Err(wrong(
                    "is no component that was released",
                    "list the releases of the BFF, or write the whole digest of an upload",
                )),
                (Some(_), Some(_)) => Err(wrong(
                    "is the start of several digests",
                    "write more digits",
                )),
            }
        }
        _ => Err(wrong(
            "is no name",
            "write live, previous, latest, or 7 digits of a digest or more",
        )),
    }
}

//! A reload takes no grant away that a live release uses: its clients would get errors at once, and
//! no proof would have said so.

use std::sync::Arc;

use super::change::{Changes, blocking};
use super::error::ChangeError;
use crate::bff::load::Loaded;
use crate::config::{CallPattern, Config};
use crate::snapshot::Snapshot;

impl Changes {
    /// Refuses a configuration that takes away what a live release called in its proof.
    ///
    /// Nothing is known of a release that made no smoke request, and of all while the journal
    /// cannot be read: they refuse nothing. Calls are known by service and method, not by path.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Granted`] with the first release that calls what is no longer granted.
    pub(super) async fn keep_grants(
        &self,
        live: &Snapshot,
        next: &Config,
    ) -> Result<(), ChangeError> {
        let Some(releases) = &self.releases else {
            return Ok(());
        };
        for (bff, loaded) in shrunk(live, next) {
            let (store, name, of) = (releases.clone(), bff.clone(), loaded.clone());
            let reach = blocking(move || store.reach_of(&name, &of.digest)).await?;
            // A journal that cannot be read must not keep an operator from a change.
            let calls = reach.ok().flatten().and_then(|reach| reach.calls);
            let taken = calls.into_iter().flatten();
            let taken =
                taken.filter(|call| grants(&live.config, &bff, call) && !grants(next, &bff, call));
            let taken: Vec<String> = taken.collect();
            if !taken.is_empty() {
                return Err(ChangeError::Granted {
                    bff,
                    release: loaded.version.to_string(),
                    calls: taken.join(", "),
                });
            }
        }
        Ok(())
    }
}

/// What is live of the BFFs that are released to, and may not call what they might before.
fn shrunk(live: &Snapshot, next: &Config) -> Vec<(String, Arc<Loaded>)> {
    let changed = live.bffs.iter().filter_map(|(name, bff)| {
        let now = next.bffs.get(name)?;
        let is_released = bff.settings().component.is_none() && now.component.is_none();
        let current = bff.current().filter(|_| is_released)?;
        let is_same = has_same_grants(&live.config, next, name);
        (!is_same).then(|| (name.clone(), current.loaded().clone()))
    });
    changed.collect()
}

/// Whether a BFF may call the same in two configurations.
fn has_same_grants(live: &Config, next: &Config, bff: &str) -> bool {
    let (Some(old), Some(new)) = (live.bffs.get(bff), next.bffs.get(bff)) else {
        return false;
    };
    let of_service = |config: &Config, service: &String| {
        let service = config.downstreams.get(service)?;
        service.shape.allow.clone()
    };
    (&old.downstreams, &old.allow) == (&new.downstreams, &new.allow)
        && (old.downstreams.iter())
            .all(|service| of_service(live, service) == of_service(next, service))
}

/// Whether a BFF may make such calls, `GET activity`, on some path.
fn grants(config: &Config, bff: &str, call: &str) -> bool {
    let parts = call.split_once(' ');
    let parts = parts.and_then(|(method, service)| Some((method.parse().ok()?, service)));
    let (Some(bff), Some((method, service))) = (config.bffs.get(bff), parts) else {
        return false;
    };
    let has = |list: &[CallPattern]| list.iter().any(|pattern| pattern.fits_method(&method));
    let own = bff.allow.get(service);
    let of_all = config.downstreams.get(service);
    let of_all = of_all.and_then(|service| service.shape.allow.as_ref());
    bff.downstreams.iter().any(|granted| granted == service)
        && [own, of_all].into_iter().flatten().all(|list| has(list))
}

//! How far a component of a release reaches.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::refused::{Refused, host, store_step};
use crate::bff::load::Loaded;
use crate::host::change::blocking;
use crate::releases::{NewRelease, Reach, Releases};

/// How far a component reaches, as far as this proof tells.
pub(super) fn reach_of(loaded: &Loaded, calls: Option<BTreeSet<String>>) -> Reach {
    let imports = loaded.surface.imports.iter().map(String::as_str);
    Reach::new(imports, calls, loaded.memory, loaded.size as u64)
}

/// How far a component reaches that was proven, and made these calls.
pub(super) async fn reach_now(
    releases: &Arc<Releases>,
    release: &NewRelease,
    loaded: &Loaded,
    calls: Option<BTreeSet<String>>,
) -> Result<Reach, Refused> {
    let mut reach = reach_of(loaded, calls);
    if reach.calls.is_none() {
        // Nothing was asked now. What its last smoke request called, it still may.
        let known = known_reach(releases, &release.bff, &release.digest).await?;
        reach.calls = known.and_then(|known| known.calls);
    }
    Ok(reach)
}

/// How far a component reaches, as the journal has it.
pub(super) async fn known_reach(
    releases: &Arc<Releases>,
    bff: &str,
    digest: &str,
) -> Result<Option<Reach>, Refused> {
    let (store, bff, digest) = (releases.clone(), bff.to_owned(), digest.to_owned());
    let reading = blocking(move || store.reach_of(&bff, &digest)).await;
    let known = reading.map_err(host)?;
    known.map_err(|error| Refused::at(store_step(&error), error.to_string()))
}

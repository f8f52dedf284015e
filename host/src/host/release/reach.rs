//! How far a component of a release reaches.

use std::sync::Arc;

use super::refused::{Refused, host, store_step};
use crate::bff::load::Loaded;
use crate::host::change::blocking;
use crate::releases::{Called, NewRelease, Reach, Releases};

/// How far a component reaches, as far as this proof tells.
pub(super) fn reach_of(loaded: &Loaded, called: Option<Called>) -> Reach {
    let imports = loaded.surface.imports.iter().map(String::as_str);
    Reach::new(imports, called, loaded.memory, loaded.size as u64)
}

/// How far a component reaches that was proven, and made these calls.
pub(super) async fn reach_now(
    releases: &Arc<Releases>,
    release: &NewRelease,
    loaded: &Loaded,
    called: Option<Called>,
) -> Result<Reach, Refused> {
    let mut reach = reach_of(loaded, called);
    if reach.calls.is_none() {
        // Nothing was asked now. What its last smoke request called, it still may.
        let known = known_reach(releases, &release.bff, &release.digest).await?;
        (reach.calls, reach.picks) = known.map_or((None, None), |it| (it.calls, it.picks));
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

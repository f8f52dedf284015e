//! Public keys of those who may sign components.

use toml::de::DeValue;

use super::kind::{Formed, Kind, Text};
use super::problem::Fault;
use super::values::text;
use crate::signature::{SIGNER_PATTERN, Signer};

/// Reads a public key. No message shows what is written in its place: it may be a secret key.
pub(super) fn signer() -> impl Kind<Signer> {
    Formed::new(Text::Like(SIGNER_PATTERN), read_signer)
}

fn read_signer(value: &DeValue<'_>) -> Result<Signer, Fault> {
    Signer::new(text(value)?).map_err(|error| {
        let told = error.to_string();
        // Every text of these errors has its way out at the end.
        let (what, way_out) = told.split_once("; ").unwrap_or((&told, ""));
        Fault::new(what, way_out)
    })
}

//! Who signed what was released, and what was live once.

use super::Releases;
use super::error::StoreError;
use crate::signature::Signed;

impl Releases {
    /// Records who signed the component of a release, once that is proven.
    ///
    /// # Errors
    ///
    /// When it cannot be recorded.
    pub fn signed(&self, release: i64, signed: &Signed) -> Result<(), StoreError> {
        self.journal.signed(release, signed)
    }

    /// The release with which a component was live last as a BFF, also when the release itself is
    /// kept no longer.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub fn last_live(&self, bff: &str, digest: &str) -> Result<Option<i64>, StoreError> {
        self.journal.last_live(bff, digest)
    }
}

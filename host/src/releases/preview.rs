//! Previews: versions that are proven, have a name for a while, and are not live.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// A preview that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPreview {
    /// Its name, one that [`crate::preview::check_name`] takes.
    pub name: String,
    /// How long it lasts.
    pub lifetime: Duration,
    /// Names that the BFF may have.
    pub most: usize,
}

/// A preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its name.
    pub name: String,
    /// The release that brought it.
    pub release: i64,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// When it ends.
    pub until: SystemTime,
}

/// What can be shown of a BFF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previews {
    /// The previews, by name.
    pub names: Vec<Preview>,
    /// The digests of all components that were proven, as far as the history goes back.
    pub proven: BTreeSet<String>,
}

impl Previews {
    /// The digest of a preview that lasts, or of the one component whose digest begins so.
    #[must_use]
    pub fn find(&self, name: &str, now: SystemTime) -> Option<&str> {
        let mut named = self.names.iter();
        if let Some(preview) = named.find(|it| it.name == name && it.until > now) {
            return Some(&preview.digest);
        }
        if !crate::preview::is_start_of_digest(name) {
            return None;
        }
        let mut proven = self.proven.range(name.to_owned()..);
        let found = proven.next().filter(|it| it.starts_with(name))?;
        let is_one = !proven.next().is_some_and(|it| it.starts_with(name));
        is_one.then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_found_by_its_name_and_by_its_digest_alone() {
        let now = SystemTime::now();
        let preview = |name: &str, digit: &str, until| Preview {
            name: name.to_owned(),
            release: 1,
            digest: digit.repeat(64),
            until,
        };
        let before = now.checked_sub(Duration::from_secs(1)).unwrap();
        let after = now.checked_add(Duration::from_secs(1)).unwrap();
        let twin = format!("{}2", "1".repeat(63));
        let previews = Previews {
            names: vec![preview("pr-1", "1", after), preview("pr-2", "2", before)],
            proven: ["1".repeat(64), "2".repeat(64), twin.clone()].into(),
        };
        let find = |name: &str| previews.find(name, now).map(str::to_owned);
        assert_eq!(find("pr-1"), Some("1".repeat(64)));
        assert_eq!(find("pr-2"), None, "its time is over");
        assert_eq!(find("2222222"), Some("2".repeat(64)));
        assert_eq!(find("222222"), None, "too short");
        assert_eq!(find("1111111"), None, "two begin so");
        assert_eq!(find(&twin), Some(twin));
        assert_eq!(find("3333333"), None);
    }
}

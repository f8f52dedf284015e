//! Names of components in orders, which mean what they do in the commands: `live`, `previous`,
//! `latest`, a digest or its first digits.

use http::StatusCode;

use super::Pages;
use super::problem::V1Problem;
use crate::digest::is_digest;
use crate::preview::is_start_of_digest;
use crate::releases::{Expected, OrderError, StoreError, Target};

/// The words that are names.
const WORDS: [&str; 3] = ["live", "previous", "latest"];

/// The name of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// Reads the name in this member of an order.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(super) fn new(member: &str, text: String) -> Result<Self, V1Problem> {
        if WORDS.contains(&&*text) || is_start_of_digest(&text) {
            return Ok(Self(text));
        }
        let what = format!("{member} is no name of a component");
        let fix = "write live, previous, latest, or the first 7 digits of a SHA-256 or more, with \
                   small letters";
        Err(V1Problem::new(StatusCode::BAD_REQUEST, "digest", what, fix))
    }

    /// The digest of the component of a BFF. A whole one needs no release.
    ///
    /// # Errors
    ///
    /// When it means none, or one of several.
    pub(super) async fn digest(self, pages: &Pages, bff: &str) -> Result<String, OrderError> {
        match is_digest(&self.0) {
            true => Ok(self.0),
            false => pages.orders.named(bff.to_owned(), self.0).await,
        }
    }

    /// What a rollback goes to.
    ///
    /// # Errors
    ///
    /// As [`Self::digest`].
    pub(super) async fn target(self, pages: &Pages, bff: &str) -> Result<Target, OrderError> {
        match &*self.0 {
            // It also ends a trial, and needs no journal.
            "previous" => Ok(Target::Previous),
            _ => Ok(Target::Digest(self.digest(pages, bff).await?)),
        }
    }
}

/// What must be live for an order, as it is written.
pub(super) enum Wanted {
    Any,
    Nothing,
    Component(Name),
}

impl Wanted {
    /// Reads `expect_live`.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub(super) fn new(text: Option<String>) -> Result<Self, V1Problem> {
        match text.as_deref() {
            None | Some("any") => Ok(Self::Any),
            Some("none") => Ok(Self::Nothing),
            Some(name) => {
                let read = Name::new("expect_live", name.to_owned());
                let read = read.map_err(|problem| V1Problem {
                    fix: format!("{}; or any, or none", problem.fix),
                    ..problem
                });
                Ok(Self::Component(read?))
            }
        }
    }

    /// What must be live.
    ///
    /// # Errors
    ///
    /// When that is the component of a name which means none: it is not live.
    pub(super) async fn expected(self, pages: &Pages, bff: &str) -> Result<Expected, OrderError> {
        let name = match self {
            Self::Any => return Ok(Expected::Any),
            Self::Nothing => return Ok(Expected::Nothing),
            Self::Component(name) => name,
        };
        match name.digest(pages, bff).await {
            Ok(digest) => Ok(Expected::Digest(digest)),
            Err(OrderError::Name { name, what, .. }) => {
                let live = pages.orders.live().await?.remove(bff).and_then(Result::ok);
                let live = live.map(|live| live.digest);
                let what = format!("what is expected to be live, {name:?}, {what}");
                let error = StoreError::other_is_live(bff, what, live.as_deref());
                Err(OrderError::Store(error))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_or_seven_digits_and_more() {
        let whole = "0123456789abcdef".repeat(4);
        for name in ["live", "previous", "latest", "0123abc", &whole] {
            assert!(Name::new("to", name.to_owned()).is_ok(), "{name}");
        }
        let long = format!("{whole}0");
        for bad in ["", "any", "Live", "0123ab", "0123ABC", "v1", &long] {
            let problem = Name::new("to", bad.to_owned()).unwrap_err();
            assert_eq!(problem.status, StatusCode::BAD_REQUEST, "{bad}");
            assert!(problem.reason.starts_with("to "), "{}", problem.reason);
        }
    }
}

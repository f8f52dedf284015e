//! What is wrong with a connection's interim answers.

use thiserror::Error;

/// A service that sends interim answers and no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("more than {limit} interim answers (1xx) came before an answer")]
pub(super) struct TooManyInterim {
    pub(super) limit: usize,
}

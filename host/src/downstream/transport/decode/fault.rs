//! What is wrong with a coded body.

use thiserror::Error;

/// What is wrong with a coded body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It is cut off.
    #[error("ends too early")]
    Short,
    /// Something follows it.
    #[error("goes on behind its end")]
    Long,
    /// It breaks the rules of the coding.
    #[error("is damaged")]
    Damaged,
    /// A check of it failed.
    #[error("has a wrong checksum")]
    Checksum,
    /// It needs something that was not sent with it.
    #[error("needs a dictionary")]
    Dictionary,
    /// It is larger than allowed, as its head says.
    #[error("is too large")]
    TooLarge,
}

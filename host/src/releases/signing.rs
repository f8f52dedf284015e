//! What an order says of the signature of its component.

/// What an order says of the signature of its component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// The text of a `.minisig` file.
    pub signature: Option<String>,
    /// The author knows that the component is an older one.
    pub older: bool,
}

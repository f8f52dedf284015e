//! What is asked for a pull, and of whom.

/// What a message calls a component.
pub const COMPONENT: &str = "the component";

/// A part of a pull.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// The manifest.
    Manifest,
    /// The component, which is the layer of this digest.
    Component {
        /// SHA-256, in hexadecimal.
        digest: &'a str,
    },
    /// A token to ask for the others with.
    Token,
}

impl Part<'_> {
    /// What a message calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest",
            Self::Component { .. } => COMPONENT,
            Self::Token => "a token",
        }
    }
}

/// What is asked of a registry.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What it is.
    pub(super) part: Part<'a>,
    /// Its path behind the name of the repository.
    pub(super) path: &'a str,
    /// The types that are taken.
    pub(super) accept: &'static str,
    /// How large it may be, bytes.
    pub(super) most: usize,
}

/// Which host has answered.
#[derive(Clone, Copy)]
pub(super) enum Who {
    /// That of the registry.
    Registry,
    /// The one that the registry has sent the host to for a token.
    Realm,
    /// One that a redirect of the registry leads to.
    Storage,
}

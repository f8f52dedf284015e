//! Orders of operators, as the listener for them hands them to the host.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tokio::sync::{mpsc, watch};

use super::access::{Act, Caller, Exchange, Token, TokenError};
use super::error::StoreError;
use super::files::{Part, Stored};
use super::journal::{Event, LiveByBff, Release};
use super::new_token::NewToken;
use super::preview::Previews;
use super::reach::ReachDifference;
use super::signing::Signing;
use super::terms::Kind;
use super::trial::ShadowOrder;
use crate::canary::PlanError;
use crate::oci::PullError;
use crate::signature::SignatureError;

/// A result that comes later.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, OrderError>> + Send>>;

/// Executes orders.
pub trait Orders: Send + Sync {
    /// The token of a text.
    fn authenticate(&self, text: String) -> Answer<Token>;

    /// The token of an id, if it is valid still.
    fn token(&self, id: String) -> Answer<Token>;

    /// Makes a token. Returns it, and its text.
    fn create_token(&self, new: NewToken) -> Answer<(Token, String)>;

    /// The same for a token of a CI system.
    fn exchange(&self, new: NewToken, exchange: Exchange) -> Answer<(Token, String)>;

    /// All tokens, the newest first.
    fn tokens(&self) -> Answer<Vec<Token>>;

    /// Revokes a token. `false` if there is none of this id, or it is revoked.
    fn revoke(&self, id: String) -> Answer<bool>;

    /// Records what somebody did.
    fn note(&self, act: Act) -> Answer<()>;

    /// What was done, the newest first.
    fn acts(&self, before: Option<i64>, limit: usize) -> Answer<Vec<Act>>;

    /// Whether a component is there, for who asks.
    fn has(&self, digest: String, caller: Caller) -> Answer<bool>;

    /// Stores a component, from its parts as they come.
    fn store(&self, digest: String, parts: mpsc::Receiver<Part>, caller: Caller) -> Answer<Stored>;

    /// Refuses an order as [`Self::begin`] would, as far as that is known before its component is
    /// there, whose digest this is where it is known. Returns the release that the same order has
    /// begun before.
    fn may_begin(&self, order: Order, digest: Option<String>) -> Answer<Option<Release>>;

    /// Changes the trial of a release.
    fn judge(&self, order: CanaryOrder) -> Answer<Begun>;

    /// Begins a shadow, which goes on, and gives its report.
    fn shadow(&self, order: ShadowOrder) -> Answer<Value>;

    /// Begins a release, which goes on when this has its number.
    fn begin(&self, order: Order, target: Target) -> Answer<Begun>;

    /// The releases of a BFF, the newest first.
    fn list(&self, bff: String, before: Option<i64>, limit: usize) -> Answer<Vec<Release>>;

    /// One release of a BFF.
    fn get(&self, bff: String, release: i64) -> Answer<Release>;

    /// What can be shown of a BFF.
    fn previews(&self, bff: String) -> Answer<Previews>;

    /// Ends a preview. Returns its release.
    fn end_preview(&self, bff: String, name: String, caller: Caller) -> Answer<Release>;

    /// The digest of the component of a BFF that has this name: `live`, `previous`, `latest` or the
    /// start of a digest.
    fn named(&self, bff: String, name: String) -> Answer<String>;

    /// How far one component of a BFF reaches further than another. Each is `live`, `previous`,
    /// `latest` or the start of a digest.
    fn difference(&self, bff: String, from: String, to: String) -> Answer<ReachDifference>;

    /// What is live, by BFF, as the journal or its copy says.
    fn live(&self) -> Answer<LiveByBff>;

    /// What happened to releases after the event of this number, the oldest first, at most `limit`.
    fn events(&self, after: i64, limit: usize) -> Answer<Vec<Event>>;

    /// The number of the newest event.
    fn newest_event(&self) -> Answer<i64>;

    /// Why the journal cannot be read, if it could not the last time.
    fn trouble(&self) -> Option<StoreError>;

    /// The BFFs of which something else runs than the journal says, because it could not be
    /// written, each with the reason.
    fn unrecorded(&self) -> BTreeMap<String, StoreError>;

    /// Changes after each event.
    ///
    /// # Errors
    ///
    /// When the host stops.
    fn happened(&self) -> Result<watch::Receiver<()>, OrderError>;
}

/// A release that was begun.
#[derive(Clone, Debug)]
pub enum Begun {
    /// What the journal has of it.
    Recorded(Box<Release>),
    /// A component is live again, and the journal could not be written. A restart forgets that, if
    /// it is not written until then.
    Unrecorded {
        /// The BFF.
        bff: String,
        /// The component.
        digest: String,
        /// Why it could not be written.
        why: StoreError,
    },
}

/// A release to begin.
#[derive(Clone, Debug)]
pub struct Order {
    /// The BFF.
    pub bff: String,
    /// Why.
    pub kind: Kind,
    /// What the author says of it.
    pub message: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// What must be live.
    pub expect_live: Expected,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
    /// Who orders it.
    pub caller: Caller,
    /// The difference of reach that the operator consents to.
    pub consent: Option<String>,
    /// The signature of the component.
    pub signing: Signing,
    /// It gets a share of the requests first.
    pub canary: Option<FirstShare>,
    /// It was rolled back by a rule, and is to be tried again.
    pub again: bool,
    /// Of [`Kind::Preview`]: what it is to be shown as.
    pub preview: Option<WantedPreview>,
}

/// What a release is to be shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPreview {
    /// Its name.
    pub name: String,
    /// How long; `None` for as long as the operator says.
    pub lifetime: Option<Duration>,
}

/// The first share of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstShare {
    /// That of the BFF's plan.
    Planned,
    /// This one, in percent, and then those of the plan that are greater.
    Percent(u8),
}

/// An order about a release that is on trial.
#[derive(Clone, Debug)]
pub struct CanaryOrder {
    /// The BFF.
    pub bff: String,
    /// What is to be done.
    pub act: CanaryAct,
    /// Which release must be on trial; `None` for any.
    pub release: Option<i64>,
    /// Why.
    pub message: Option<String>,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
    /// Who orders it.
    pub caller: Caller,
}

/// What may be done with a release on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryAct {
    /// It is live at once, whatever its gate knows.
    Promote,
    /// It ends, and what is live serves all.
    Abort,
    /// Its share stays as it is.
    Hold,
    /// Its share grows again.
    Resume,
}

/// Which component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// That of this digest.
    Digest(String),
    /// The one that was live before the live one.
    Previous,
}

/// What must be live for an order to be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything, or nothing.
    Any,
    /// Nothing.
    Nothing,
    /// The component of this digest.
    Digest(String),
}

impl Expected {
    /// The same in the words of the journal: a digest, or `None` within for nothing. Absent if
    /// anything may be live.
    pub fn in_journal(&self) -> Option<Option<String>> {
        match self {
            Self::Any => None,
            Self::Nothing => Some(None),
            Self::Digest(digest) => Some(Some(digest.clone())),
        }
    }
}

/// An order was not executed.
#[derive(Debug, Error)]
pub enum OrderError {
    /// There is no such BFF, or it is served from a file.
    #[error(
        "there is no BFF {0:?} that takes releases; name one of those with releases = true in the \
         configuration"
    )]
    NoBff(String),
    /// There is no such release.
    #[error("bff.{bff}: there is no release {release}, or it is kept no longer; list its releases")]
    NoRelease {
        /// The BFF.
        bff: String,
        /// Its number.
        release: i64,
    },
    /// Nothing was live before.
    #[error("bff.{0}: no component was live before the live one; name a digest with \"to\"")]
    NoPrevious(String),
    /// Nothing is live, so that nothing was before.
    #[error("bff.{0}: nothing is live that it could go back from; release a component")]
    NothingLive(String),
    /// The component was never live, so that going back to it would skip its proof.
    #[error(
        "bff.{bff}: {digest} was not live in any release that is kept, so that nothing goes back to \
         it: {why}; release it, which proves it"
    )]
    NeverLive {
        /// The BFF.
        bff: String,
        /// The component.
        digest: String,
        /// What became of its last release.
        why: String,
    },
    /// A name means no component, or several.
    #[error("bff.{bff}: {name:?} {what}; {fix}")]
    Name {
        /// The BFF.
        bff: String,
        /// The name.
        name: String,
        /// What is wrong with it.
        what: &'static str,
        /// The way out.
        fix: &'static str,
    },
    /// Nothing is known of how far a component reaches.
    #[error("bff.{bff}: {digest} was not proven by this host; release it")]
    Unproven {
        /// The BFF.
        bff: String,
        /// The component.
        digest: String,
    },
    /// A preview cannot begin so.
    #[error("bff.{bff}: {what}")]
    Preview {
        /// The BFF.
        bff: String,
        /// Why, and the way out.
        what: String,
    },
    /// A shadow cannot begin so.
    #[error("bff.{bff}: {what}")]
    Shadow {
        /// The BFF.
        bff: String,
        /// Why, and the way out.
        what: String,
    },
    /// There is no preview of this name.
    #[error("bff.{bff}: there is no preview {name:?}; list them with GET /v1/bffs/{bff}/previews")]
    NoPreview {
        /// The BFF.
        bff: String,
        /// The name.
        name: String,
    },
    /// There is none.
    #[error(
        "bff.{0}: there is no shadow, or its report is kept no longer, or the host has started \
         since; begin one with `tailor shadow {0} NAME`"
    )]
    NoShadow(String),
    /// Too many run.
    #[error("as many shadows run as may; end one, or wait")]
    TooManyShadows,
    /// A canary cannot begin so.
    #[error("bff.{bff}: {source}; choose another share, or change bff.{bff}.canary")]
    Plan {
        /// The BFF.
        bff: String,
        /// Why.
        source: PlanError,
    },
    /// The component's signature is missing, or cannot be one.
    #[error("bff.{bff}: {error}")]
    Signature {
        /// The BFF.
        bff: String,
        /// What is wrong with it.
        error: SignatureError,
    },
    /// The component is not pulled.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// Who asks has no valid token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host stops.
    #[error("the host stops; send the order to the next one")]
    Stopping,
}

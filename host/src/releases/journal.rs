//! What a store of releases has to do, wherever it is kept: on this host, or for a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::Value;

use super::error::StoreError;
use super::preview::{NewPreview, Previews};
use super::reach::{Reach, ReachDifference};
use super::signing::Signing;
use super::terms::{Kind, Terms};
use super::trial::{Canary, CanaryChange, NewCanary};
use crate::canary::Plan;
use crate::signature::Signed;

/// What is live, by BFF, or why that cannot be said of one.
pub type LiveByBff = BTreeMap<String, Result<Live, StoreError>>;

/// The history of releases, and what is live.
pub trait Journal: Send + Sync {
    /// Begins a release.
    ///
    /// # Errors
    ///
    /// When the order conflicts with another one, or cannot be recorded.
    fn append(&self, release: &NewRelease) -> Result<Appended, StoreError>;

    /// Whether a release may begin, which writes nothing, and of a rollback waits for no lock.
    /// Returns the one that the same order has begun before.
    ///
    /// # Errors
    ///
    /// What [`Self::append`] would refuse, as far as that is known.
    fn check(&self, terms: &Terms) -> Result<Option<i64>, StoreError>;

    /// Records a release that needs no proof: it began and was live `at` that time.
    ///
    /// # Errors
    ///
    /// When the order conflicts with what is live, or cannot be recorded.
    fn record(&self, release: &NewRelease, at: SystemTime) -> Result<Appended, StoreError>;

    /// Ends a release. With [`Outcome::Live`], the live pointer moves in the same transaction.
    ///
    /// # Errors
    ///
    /// When that is not recorded. What was live still is.
    fn finish(&self, release: i64, outcome: &Outcome) -> Result<(), StoreError>;

    /// Changes the trial of a BFF, of this release if one is named. An end has the time `at`, at
    /// which it happened. Returns the release: [`Appended::Known`] if the same order came before.
    ///
    /// # Errors
    ///
    /// When there is no such trial, or that is not recorded.
    fn change_canary(
        &self,
        bff: &str,
        release: Option<i64>,
        change: &CanaryChange,
        at: SystemTime,
    ) -> Result<Appended, StoreError>;

    /// What is live, by BFF, or why that cannot be said of one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn live(&self) -> Result<LiveByBff, StoreError>;

    /// The releases of a BFF, the newest first: those before `before`, at most `limit`.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn list(
        &self,
        bff: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Release>, StoreError>;

    /// One release.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn get(&self, release: i64) -> Result<Option<Release>, StoreError>;

    /// Whether a component was live as a BFF, as far as the history goes back.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn was_live(&self, bff: &str, digest: &str) -> Result<bool, StoreError>;

    /// How far a component of a BFF reaches, as its last proof found out.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn reach(&self, bff: &str, digest: &str) -> Result<Option<Reach>, StoreError>;

    /// The components of a BFF whose digests begin so, the newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn find(&self, bff: &str, start: &str) -> Result<Vec<String>, StoreError>;

    /// What happened to releases after the event of this number, the oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn events(&self, after: i64, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// The number of the newest event, 0 if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn newest_event(&self) -> Result<i64, StoreError>;

    /// Records who signed the component of a release, once that is proven.
    ///
    /// # Errors
    ///
    /// When it cannot be recorded.
    fn signed(&self, release: i64, signed: &Signed) -> Result<(), StoreError>;

    /// The release with which a component was live last as a BFF, also one that is kept no longer.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn last_live(&self, bff: &str, digest: &str) -> Result<Option<i64>, StoreError>;

    /// What can be shown of a BFF.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn previews(&self, bff: &str) -> Result<Previews, StoreError>;

    /// Ends a preview. Returns its release, if there was one of this name.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn end_preview(&self, bff: &str, name: &str, actor: &str) -> Result<Option<i64>, StoreError>;

    /// Ends the previews whose time is over. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// When that cannot be recorded.
    fn expire_previews(&self) -> Result<bool, StoreError>;

    /// Removes releases of which `keep` newer ones of the BFF are there, and returns the digests
    /// that the others need.
    ///
    /// # Errors
    ///
    /// When they cannot be removed.
    fn collect(&self, keep: usize) -> Result<BTreeSet<String>, StoreError>;
}

/// A release that begins.
#[derive(Clone, Debug)]
pub struct NewRelease {
    /// The BFF.
    pub bff: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Why.
    pub kind: Kind,
    /// What the author says of it.
    pub message: Option<String>,
    /// Where it comes from, for example the address of a commit.
    pub source: Option<String>,
    /// What must be live: a digest, or `None` within for nothing. Absent if anything may be.
    pub expect_live: Option<Option<String>>,
    /// The key of the order, with the digest of its body.
    pub key: Option<(String, String)>,
    /// Who orders it.
    pub actor: String,
    /// With which token.
    pub token: Option<String>,
    /// The difference of reach that the operator consents to.
    pub consent: Option<String>,
    /// It gets a share of the requests first, by this plan.
    pub canary: Option<Plan>,
    /// It was rolled back by a rule, and is to be tried again.
    pub again: bool,
    /// The signature of the component.
    pub signing: Signing,
    /// Of [`Kind::Preview`]: what it is shown as.
    pub preview: Option<NewPreview>,
}

impl From<&NewRelease> for Terms {
    fn from(release: &NewRelease) -> Self {
        Self {
            bff: release.bff.clone(),
            kind: release.kind,
            digest: Some(release.digest.clone()),
            again: release.again,
            expect_live: release.expect_live.clone(),
            key: release.key.clone(),
            preview: release.preview.clone(),
        }
    }
}

/// The result of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// A new release of this number.
    New(i64),
    /// The same order came before, and began this release.
    Known(i64),
}

/// How a release ends.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is live.
    Live {
        /// What must be live until then, as in [`NewRelease::expect_live`].
        expect_live: Option<Option<String>>,
        /// How far it reaches.
        reach: Reach,
    },
    /// It gets a share of the requests beside the live one.
    Canary {
        /// What must be live until then, as in [`NewRelease::expect_live`].
        expect_live: Option<Option<String>>,
        /// How far it reaches.
        reach: Reach,
        /// How it begins.
        canary: NewCanary,
    },
    /// It is shown to those who have a token, and what is live serves clients.
    Preview {
        /// How far it reaches.
        reach: Reach,
        /// What it is shown as.
        preview: NewPreview,
    },
    /// It is not.
    Refused {
        /// At which step.
        step: String,
        /// Why.
        reason: String,
        /// Of one that needs consent: how far it reaches, and how that differs from what is live.
        growth: Option<Box<(Reach, ReachDifference)>>,
    },
}

/// What is live of a BFF.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// The release that brought it.
    pub release: i64,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// The component that was live before.
    pub previous: Option<String>,
    /// Since when.
    pub since: SystemTime,
    /// The release that is on trial beside it.
    pub canary: Option<Canary>,
    /// Why canaries of the BFF are not promoted by themselves, if they are not.
    pub automation_off: Option<String>,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its number.
    pub number: i64,
    /// The BFF.
    pub bff: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// [`Kind::name`].
    pub kind: String,
    /// What the author says of it.
    pub message: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// When it began.
    pub begun: SystemTime,
    /// Where it is.
    pub state: State,
    /// Since when.
    pub since: SystemTime,
    /// Who ordered it; absent in what an older host wrote.
    pub actor: Option<String>,
    /// Of one that needs consent: how it differs from what was live.
    pub difference: Option<ReachDifference>,
    /// What its gate knew when it came to its state.
    pub evidence: Option<Value>,
    /// Who signed the component, where that had to be proven.
    pub signed: Option<Signed>,
}

/// What happened to a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, which is greater than that of each event before it.
    pub number: i64,
    /// The release.
    pub release: i64,
    /// The BFF.
    pub bff: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// [`Kind::name`].
    pub kind: String,
    /// The state that it came to. [`State::Replaced`] is told by the event of the other release.
    pub state: State,
    /// When.
    pub at: SystemTime,
    /// Who wanted that; absent where nobody did.
    pub actor: Option<String>,
    /// What its gate knew.
    pub evidence: Option<Value>,
}

/// Where a release is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being proven.
    Proving,
    /// It gets this share of the requests.
    Canary {
        /// In percent.
        percent: u8,
        /// Why the share stays as it is, if it does.
        paused: Option<String>,
    },
    /// It is shown under this name, and is not live.
    Previewed {
        /// The name.
        name: String,
    },
    /// It is live.
    Live,
    /// It was live, and another one is.
    Replaced,
    /// It never was, for this reason.
    Refused {
        /// At which step.
        step: String,
        /// Why.
        reason: String,
    },
    /// A rule ended its trial.
    RolledBack {
        /// The rule, in words.
        reason: String,
    },
    /// Its trial was ended without a rule, or its preview has ended.
    Aborted {
        /// Why.
        reason: String,
    },
    /// The host ended before it was proven.
    Interrupted,
}

impl State {
    /// Whether the component has passed its proof.
    pub fn was_proven(&self) -> bool {
        match self {
            Self::Live | Self::Replaced | Self::Canary { .. } | Self::Previewed { .. } => true,
            Self::RolledBack { .. } | Self::Aborted { .. } => true,
            Self::Proving | Self::Refused { .. } | Self::Interrupted => false,
        }
    }

    /// Its name in documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proving => "proving",
            Self::Canary { .. } => "canary",
            Self::Previewed { .. } => "previewed",
            Self::RolledBack { .. } => "rolled-back",
            Self::Aborted { .. } => "aborted",
            Self::Live => "live",
            Self::Replaced => "replaced",
            Self::Refused { .. } => "refused",
            Self::Interrupted => "interrupted",
        }
    }
}

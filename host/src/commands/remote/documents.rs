//! The documents of `/v1`. Members that this version does not know are left out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Release {
    pub number: i64,
    pub bff: String,
    pub digest: String,
    pub kind: String,
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default)]
    pub source: Option<String>,
    pub begun: String,
    pub state: String,
    /// Since when it is in this state; of one that was replaced, when it began to live.
    pub since: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The way out of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Of one that is refused at consent: how far it reaches beyond what was live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Value>,
    /// Of one on trial: its share of the requests, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Why the share stays as it is, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// What its gate knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
    /// What it is shown as, while it is previewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key that signed the component, where that was proven, and the trusted comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[cfg(test)]
impl Release {
    /// A release of the BFF `page` in the history of a test.
    pub fn sample(number: i64, digest: &str, state: &str, since: &str) -> Self {
        Self {
            number,
            bff: "page".to_owned(),
            digest: digest.to_owned(),
            kind: "deploy".to_owned(),
            message: None,
            source: None,
            begun: since.to_owned(),
            state: state.to_owned(),
            since: since.to_owned(),
            step: None,
            reason: None,
            fix: None,
            difference: None,
            percent: None,
            held: None,
            evidence: None,
            name: None,
            signer: None,
            comment: None,
        }
    }
}

/// The answer to an order.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Begun {
    /// What the journal has of it.
    Recorded(Box<Release>),
    /// A rollback that is live, and that the journal could not take.
    Unrecorded {
        digest: String,
        /// Why it could not.
        unrecorded: String,
    },
}

/// A page of them.
#[derive(Deserialize)]
pub struct Releases {
    pub releases: Vec<Release>,
}

/// The previews of a BFF.
#[derive(Deserialize)]
pub struct Previews {
    /// Whether the host shows them.
    pub served: bool,
    pub previews: Vec<Preview>,
}

/// A version that has a name for a while, and is not live.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Preview {
    pub name: String,
    pub release: i64,
    pub digest: String,
    pub until: String,
    /// Where it is shown, of a host that has names for previews.
    pub url: Option<String>,
}

/// What is live of a BFF.
#[derive(Clone, Debug, Deserialize)]
pub struct Live {
    pub release: i64,
    pub digest: String,
    #[serde(default)]
    pub previous: Option<String>,
    pub since: String,
}

/// A BFF.
#[derive(Clone, Debug, Deserialize)]
pub struct Bff {
    pub name: String,
    /// Whether it takes releases.
    pub releases: bool,
    #[serde(default)]
    pub live: Option<Live>,
    pub serves: String,
    #[serde(default)]
    pub sha256: Option<String>,
    /// The component that a rollback goes back to without its file.
    #[serde(default)]
    pub linked: Option<String>,
    #[serde(default)]
    pub published_at: Option<String>,
    #[serde(default)]
    pub refused: Option<Refused>,
    #[serde(default)]
    pub draining: Vec<String>,
    /// Why the journal does not have what runs, if it does not.
    #[serde(default)]
    pub unrecorded: Option<String>,
    /// The keys of which one has to sign a release; none where it needs no signature.
    #[serde(default)]
    pub signers: Vec<String>,
    /// The release on trial.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// Why canaries are not promoted by themselves, if they are not.
    #[serde(default)]
    pub automation_off: Option<String>,
}

/// The release on trial.
#[derive(Clone, Debug, Deserialize)]
pub struct Canary {
    pub release: i64,
    pub digest: String,
    /// Its share of the requests.
    pub percent: u8,
    /// Why the share stays as it is, if it does.
    #[serde(default)]
    pub held: Option<String>,
    /// What is missing for the next step.
    #[serde(default)]
    pub waits_for: Option<String>,
    #[serde(default)]
    pub evidence: Option<Value>,
}

impl Bff {
    /// The component that was live before the live one. A rollback that the journal could not take
    /// is known to the host alone.
    pub fn previous(&self) -> Option<&str> {
        let journal = self.live.as_ref().and_then(|it| it.previous.as_deref());
        let linked = self.linked.as_deref().or(journal);
        linked.filter(|it| Some(*it) != self.digest())
    }

    /// The component that is live.
    pub fn digest(&self) -> Option<&str> {
        let journal = self.live.as_ref().map(|it| &*it.digest);
        self.sha256.as_deref().filter(|_| self.releases).or(journal)
    }
}

/// What was refused of a BFF last.
#[derive(Clone, Debug, Deserialize)]
pub struct Refused {
    pub reason: String,
    pub at: String,
}

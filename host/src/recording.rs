//! Requests that are recorded, to be run again: from what a guest learned to a fixture, and from
//! that to the same answer.
//!
//! What may not be seen is taken out of what the guest learned, and nothing else of the request is
//! kept: the component runs again with what is left, and what it does then, its calls and its
//! answer, is what is written down. So nothing is in the file that was made of what was taken out,
//! and the file holds what its component does.

mod document;
mod inputs;
mod replay;
mod requests;

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::bff::load::Loaded;
use crate::bff::runtime::Runtime;
use crate::config;
use crate::contract::Request;
use crate::fixture::{Difference, Fixture, FixtureError, Redaction};
use crate::tape::{Strictness, Tape, TooMuch};

pub use replay::{Replayed, Verdict, replay};
pub use requests::{Capture, Ended, Order, RecordError, Recordings, Taken};

use document::Document;
use replay::run;

/// A request is not recorded.
#[derive(Debug, Error)]
pub enum NotRecorded {
    /// It is too large.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The guest learns something that is not kept.
    #[error("its component imports {import}, and what that answers is not recorded")]
    Import {
        /// The interface.
        import: String,
    },
    /// A body is not text.
    #[error("{what} is not UTF-8, and a fixture holds text")]
    NotText {
        /// Which body.
        what: String,
    },
    /// Nothing can be taken out of a body.
    #[error(
        "{what} is not JSON, and nothing can be taken out of it; record.text-bodies = true records \
         such bodies whole"
    )]
    NotJson {
        /// Which body.
        what: String,
    },
    /// With what is left, the BFF does something else.
    #[error(
        "its BFF does something else with what is recorded of it: {0} (values that are taken out, the \
         request's id and its host name are others then)"
    )]
    Otherwise(String),
    /// The BFF does not do the same twice.
    #[error("its BFF does not do the same twice: {0}")]
    Unstable(Difference),
    /// What was written is not a fixture, which is a fault of tailor.
    #[error(transparent)]
    Fixture(#[from] FixtureError),
    /// The host failed while it was made.
    #[error("the host has no room to run it again: {0}")]
    Host(String),
}

/// What a recording is made of.
pub struct Source<'a> {
    /// The request, as the guest got it.
    pub request: &'a Request,
    /// What the guest learned.
    pub tape: Tape,
    /// The component.
    pub loaded: &'a Arc<Loaded>,
    /// The settings of the BFF.
    pub settings: &'a config::Bff,
    /// What is taken out.
    pub redaction: &'a Redaction,
    /// Whether bodies that are not JSON are recorded.
    pub text_bodies: bool,
    /// What the client had.
    pub outcome: &'a Outcome,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its BFF answered with this status.
    Answered(u16),
    /// It did not, for this reason.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "an answer with status {status}"),
            Self::Failed(error) => write!(f, "no answer ({error})"),
        }
    }
}

/// The text of the fixture of a request.
///
/// # Errors
///
/// Why there is none.
pub async fn record(runtime: &Runtime, source: Source<'_>) -> Result<String, NotRecorded> {
    if let Some(import) = replay::unrecorded(source.loaded) {
        return Err(NotRecorded::Import {
            import: import.to_owned(),
        });
    }
    let (settings, loaded) = (source.settings, source.loaded);
    let document = inputs::document(&source)?;
    let read = |document: &Document| Fixture::parse(&document.text(), "recording");
    let first = read(&document)?;
    let ran = run(runtime, loaded, settings, &first, Strictness::SameServices).await?;
    if ran.is_of_host() {
        return Err(NotRecorded::Host(ran.error().unwrap_or_default()));
    }
    if let Some(otherwise) = ran.otherwise() {
        return Err(NotRecorded::Otherwise(otherwise));
    }
    if ran.outcome() != *source.outcome {
        let (now, then) = (ran.outcome(), source.outcome);
        return Err(NotRecorded::Otherwise(format!(
            "it comes to {now}, and came to {then}"
        )));
    }
    let document = document.with_outcome(&ran, source.redaction)?;
    let fixture = read(&document)?;
    let again = replay(runtime, loaded, settings, &fixture).await?;
    match again.verdict {
        Verdict::Same => Ok(document.text()),
        Verdict::Differs(mut differences) if !differences.is_empty() => {
            Err(NotRecorded::Unstable(differences.swap_remove(0)))
        }
        Verdict::Differs(_) => Err(NotRecorded::Otherwise(
            "nothing that can be told".to_owned(),
        )),
        Verdict::Refused(why) => Err(NotRecorded::Otherwise(why)),
    }
}

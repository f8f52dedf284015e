//! Requests that are recorded, to be run again: from what a guest learned to a fixture, and from
//! that to the same answer.
//!
//! What may not be seen is taken out of what the guest learned, and nothing else of the request is
//! kept: the component runs again with what is left, and what it does then, its calls and its
//! answer, is what is written down. So nothing is in the file that was made of what was taken out,
//! and the file holds what its component does.

mod departure;
mod document;
mod error;
mod inputs;
mod queue;
mod replay;
mod requests;

use crate::bff::runtime::Runtime;
use crate::fixture::Fixture;
use crate::tape::Strictness;

pub use departure::Departure;
pub use error::{NotRecorded, Outcome};
pub use inputs::Source;
pub use queue::{Capture, Ended, Order, Taken};
pub use replay::{Replayed, Verdict, replay, unrecorded};
pub use requests::{RecordError, Recordings};

use document::Document;
use replay::run;

/// The text of the fixture of a request.
///
/// # Errors
///
/// Why there is none.
pub async fn record(runtime: &Runtime, source: Source<'_>) -> Result<String, NotRecorded> {
    if let Some(import) = unrecorded(source.loaded) {
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
        Verdict::Departs(departure) => Err(NotRecorded::Otherwise(departure.to_string())),
        Verdict::Refused(why) => Err(NotRecorded::Otherwise(why)),
    }
}

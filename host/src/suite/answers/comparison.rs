//! Compares the answers of a run with those that are kept, and keeps what its author consents to.

use std::path::{Path, PathBuf};

use super::file::{self, ANSWERS, AnswersError};
use super::{Answers, Change};
use crate::suite::outcome::Outcome;
use crate::suite::routes::Routes;

/// What an author consents to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Nothing is written.
    None,
    /// What breaks no client is added to what is kept.
    Additions,
    /// The answers are kept as they are now.
    All,
}

/// How the answers of a run compare with those that are kept.
#[derive(Debug)]
pub struct Comparison {
    /// The file that keeps them.
    pub file: PathBuf,
    /// Whether it was there.
    pub is_kept: bool,
    /// What may break clients, and is not consented to.
    pub changes: Vec<Change>,
    /// Whether answers have more than is kept. It breaks nobody, and nothing protects it.
    pub has_more: bool,
    /// Whether the file was written.
    pub is_written: bool,
}

/// Compares the answers to all fixtures of a folder with what is kept there, route by route. Nothing,
/// where a fixture has no answer.
///
/// # Errors
///
/// When the file cannot be read or written, and when answers are to be kept while a fixture fails.
pub fn compare(
    folder: &Path,
    outcomes: &[Outcome],
    routes: &Routes,
    consent: Consent,
) -> Result<Option<Comparison>, AnswersError> {
    let path = folder.join(ANSWERS);
    let holds = outcomes.iter().all(|it| it.passed() || it.is_updated());
    if consent == Consent::All && !holds {
        return Err(AnswersError::Failing(path));
    }
    let Some(now) = answers_of(outcomes, routes) else {
        return Ok(None);
    };
    let old = file::read(&path)?;
    // Each by its route, although it may have been kept by a path.
    let kept = old.as_ref().map(|old| old.answers.renamed(routes));
    let kept = kept.as_ref();
    let written = old.as_ref().map(|old| &old.answers);
    let changes = kept.map_or(Vec::new(), |kept| kept.changes(&now));
    let more = kept.map(|kept| kept.extended(&now));
    let has_more = more.is_some() && more.as_ref() != kept;
    let wanted = match consent {
        Consent::All => Some(&now),
        Consent::Additions if holds && changes.is_empty() => more.as_ref(),
        Consent::Additions | Consent::None => None,
    };
    let wanted = wanted.filter(|wanted| Some(*wanted) != written);
    if let Some(wanted) = wanted {
        file::write(&path, old.as_ref(), wanted)?;
    }
    let is_consented = consent == Consent::All;
    Ok(Some(Comparison {
        file: path,
        is_kept: kept.is_some(),
        is_written: wanted.is_some(),
        has_more: has_more && wanted.is_none() && !is_consented,
        changes: match is_consented {
            true => Vec::new(),
            false => changes,
        },
    }))
}

/// The answers to fixtures. Nothing where one has none: it is not known what it would be.
fn answers_of(outcomes: &[Outcome], routes: &Routes) -> Option<Answers> {
    let mut answers = Answers::default();
    for outcome in outcomes {
        let run = outcome.run.as_ref()?;
        let request = routes.name(&run.method, &run.path);
        answers.add(&request, run.answer.as_ref()?);
    }
    Some(answers)
}

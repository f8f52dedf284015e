//! Upper and lower case.

use icu_casemap::CaseMapper;

use super::contract::LetterCase;
use super::{Outcome, bounded, tags};

/// A text in upper or lower case.
///
/// # Errors
///
/// When there is too much text, or a locale is none.
pub fn change_case(text: &str, case: LetterCase, locales: &[String]) -> Outcome<String> {
    bounded([text])?;
    let language = tags::choose(locales)?.id;
    let mapper = CaseMapper::new();
    Ok(match case {
        LetterCase::Uppercase => mapper.uppercase_to_string(text, &language),
        LetterCase::Lowercase => mapper.lowercase_to_string(text, &language),
    }
    .into_owned())
}

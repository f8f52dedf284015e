//! The order of texts.

use std::cmp::Ordering;
use std::rc::Rc;

use icu_collator::options::{AlternateHandling, CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering};
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};

use super::cache::{Key, formatter};
use super::contract::{CaseFirst, CollationOptions, Sensitivity};
use super::{Caller, Outcome, bounded, no_data, range_error, tags};

/// Which of two texts comes first.
///
/// # Errors
///
/// When there is too much text, or an option is none.
pub fn compare(
    caller: Caller<'_>,
    one: &str,
    other: &str,
    options: CollationOptions,
) -> Outcome<i8> {
    bounded([one, other])?;
    Ok(match collator(caller, options)?.compare(one, other) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// The places of texts in their order.
///
/// # Errors
///
/// As [`compare`].
pub fn sort(caller: Caller<'_>, items: &[String], options: CollationOptions) -> Outcome<Vec<u32>> {
    bounded(items.iter().map(String::as_str))?;
    let collator = collator(caller, options)?;
    let mut places: Vec<(u32, &String)> = (0..).zip(items).collect();
    places.sort_by(|(_, one), (_, other)| collator.compare(one, other));
    Ok(places.into_iter().map(|(place, _)| place).collect())
}

fn collator(
    caller: Caller<'_>,
    options: CollationOptions,
) -> Outcome<Rc<CollatorBorrowed<'static>>> {
    formatter(caller, Key::Collation(options), |key| {
        let Key::Collation(options) = key else {
            return Err(range_error("not an order"));
        };
        let locale = tags::choose(&options.locales)?;
        let mut preferences = CollatorPreferences::from(&locale);
        if let Some(numeric) = options.numeric {
            preferences.numeric_ordering = Some(match numeric {
                true => CollationNumericOrdering::True,
                false => CollationNumericOrdering::False,
            });
        }
        if let Some(first) = options.case_first {
            preferences.case_first = Some(match first {
                CaseFirst::UpperFirst => CollationCaseFirst::Upper,
                CaseFirst::LowerFirst => CollationCaseFirst::Lower,
            });
        }
        let mut collation = CollatorOptions::default();
        collation.strength = Some(match options.sensitivity {
            Sensitivity::Base | Sensitivity::Case => Strength::Primary,
            Sensitivity::Accent => Strength::Secondary,
            Sensitivity::Variant => Strength::Tertiary,
        });
        if options.sensitivity == Sensitivity::Case {
            collation.case_level = Some(CaseLevel::On);
        }
        collation.alternate_handling = options.ignore_punctuation.map(|ignore| match ignore {
            true => AlternateHandling::Shifted,
            false => AlternateHandling::NonIgnorable,
        });
        Collator::try_new(preferences, collation).map_err(no_data("the order of texts"))
    })
}

//! The forms of nouns that go with numbers.

use std::rc::Rc;

use fixed_decimal::Sign;
use icu_plurals::{PluralCategory as Category, PluralOperands, PluralRules};

use super::cache::{Key, formatter};
use super::contract::{PluralCategory, PluralOptions};
use super::digits::{Rounding, Value, parse};
use super::{Caller, Outcome, no_data, range_error, tags};

/// The form that goes with a number.
///
/// # Errors
///
/// When the number or an option is none.
pub fn select_plural(
    caller: Caller<'_>,
    value: &str,
    options: PluralOptions,
) -> Outcome<PluralCategory> {
    let Value::Finite(mut value) = parse(value)? else {
        return Ok(PluralCategory::Other);
    };
    let plural = plural(caller, options)?;
    plural.rounding.apply(&mut value);
    let operands = PluralOperands::from(&value.with_sign(Sign::None));
    Ok(category(plural.rules.category_for(operands)))
}

/// All forms of a language.
///
/// # Errors
///
/// When an option is none.
pub fn plural_categories(
    caller: Caller<'_>,
    options: PluralOptions,
) -> Outcome<Vec<PluralCategory>> {
    let plural = plural(caller, options)?;
    let mut all: Vec<PluralCategory> = plural.rules.categories().map(category).collect();
    all.sort_unstable_by_key(|category| *category as u8);
    Ok(all)
}

struct Plural {
    rules: PluralRules,
    rounding: Rounding,
}

fn plural(caller: Caller<'_>, options: PluralOptions) -> Outcome<Rc<Plural>> {
    formatter(caller, Key::Plural(options), |key| {
        let Key::Plural(options) = key else {
            return Err(range_error("not a plural"));
        };
        let locale = tags::choose(&options.locales)?;
        let rules = match options.ordinal {
            true => PluralRules::try_new_ordinal((&locale).into()),
            false => PluralRules::try_new_cardinal((&locale).into()),
        };
        Ok(Plural {
            rules: rules.map_err(no_data("plurals"))?,
            rounding: Rounding::new(&options.digits, Some((0, 3)))?,
        })
    })
}

fn category(category: Category) -> PluralCategory {
    match category {
        Category::Zero => PluralCategory::Zero,
        Category::One => PluralCategory::One,
        Category::Two => PluralCategory::Two,
        Category::Few => PluralCategory::Few,
        Category::Many => PluralCategory::Many,
        Category::Other => PluralCategory::Other,
    }
}

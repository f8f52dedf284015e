//! Lists: `one, two, and three`.

use std::rc::Rc;

use icu_list::ListFormatter;
use icu_list::options::{ListFormatterOptions, ListLength};

use super::cache::{Key, formatter};
use super::contract::{ListKind, ListOptions, Part, PartKind, Width};
use super::{Caller, Outcome, bounded, no_data, parts, range_error, tags};

/// Writes a list.
///
/// # Errors
///
/// When there is too much text, or an option is none.
pub fn format_list(caller: Caller<'_>, items: &[String], options: ListOptions) -> Outcome<String> {
    bounded(items.iter().map(String::as_str))?;
    Ok(list(caller, options)?.format_to_string(items.iter()))
}

/// The same in parts.
///
/// # Errors
///
/// As [`format_list`].
pub fn list_parts(
    caller: Caller<'_>,
    items: &[String],
    options: ListOptions,
) -> Outcome<Vec<Part>> {
    bounded(items.iter().map(String::as_str))?;
    let list = list(caller, options)?;
    Ok(parts::of(&list.format(items.iter()), PartKind::Literal))
}

fn list(caller: Caller<'_>, options: ListOptions) -> Outcome<Rc<ListFormatter>> {
    formatter(caller, Key::List(options), |key| {
        let Key::List(options) = key else {
            return Err(range_error("not a list"));
        };
        let locale = tags::choose(&options.locales)?;
        let length = match options.width {
            Width::Long => ListLength::Wide,
            Width::Short => ListLength::Short,
            Width::Narrow => ListLength::Narrow,
        };
        let length = ListFormatterOptions::default().with_length(length);
        let list = match options.kind {
            ListKind::Conjunction => ListFormatter::try_new_and((&locale).into(), length),
            ListKind::Disjunction => ListFormatter::try_new_or((&locale).into(), length),
            ListKind::Unit => ListFormatter::try_new_unit((&locale).into(), length),
        };
        list.map_err(no_data("lists"))
    })
}

//! Texts for people in the manner of their language: what the interface `locale` of the contract
//! asks for.
//!
//! A leaf: it knows the types of the contract, and the data of CLDR and IANA that the crates of
//! ICU4X and jiff bring along. Every function answers from its arguments alone. What is costly to
//! make is kept per thread (`cache`), so nothing here waits and no lock is held. What one call may
//! bring is bounded here, before anything is made of it.
//!
//! `experimental` alone knows the crate of ICU4X whose interface may change with each release.

mod cache;
mod case;
mod collation;
mod date;
mod digits;
mod experimental;
mod list;
mod names;
mod number;
mod parts;
mod plural;
mod relative;
mod tags;
mod values;
mod zone;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use crate::contract::tailor::bff::locale as contract;

pub use case::change_case;
pub use collation::{compare, sort};
pub use date::{date_parts, format_date, resolve_date};
pub use list::{format_list, list_parts};
pub use names::display_name;
pub use number::{format_number, number_parts, resolve_number};
pub use plural::{plural_categories, select_plural};
pub use relative::{format_relative, relative_parts};
pub use tags::{canonical_locales, supported_locales};
pub use values::supported_values;
pub use zone::zone_at;

use contract::{Error, ErrorKind};

/// The data of languages and zones: with another one, texts are others.
pub const DATA: &str = "ICU4X 2.4.0";

/// Bytes of text that one call may bring, all texts together. The contract names it, and so it does
/// the other two.
const MAX_TEXT: usize = 64 << 10;
/// Texts that one call may bring. Sorting them takes a worker 1 to 2 ms, in which no other request
/// has its turn there; ten times as many took 14 to 18.
const MAX_TEXTS: usize = 1_000;
/// Locales that one call may name.
const MAX_LOCALES: usize = 16;
/// Bytes of a name in options: a locale, a zone, a unit. Longer ones are none, and the kept options
/// stay small.
const MAX_NAME: usize = 128;

/// A text, a number, whatever a function has for its guest.
type Outcome<T> = Result<T, Error>;

/// Who asks, and how much of it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The name of the BFF.
    pub bff: &'a str,
    /// Formatters that are kept of it per thread.
    pub formatters: usize,
}

/// Runs `work`. The crates below do not panic as far as is known, but one of them is experimental:
/// a fault of theirs is an error of this call, not the end of a worker.
pub fn guard<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(unsupported(
            "the host's data of locales failed on this; ask for it in another form",
        ))
    })
}

fn range_error(detail: impl Into<String>) -> Error {
    error(ErrorKind::RangeError, detail)
}

fn unsupported(detail: impl Into<String>) -> Error {
    error(ErrorKind::Unsupported, detail)
}

fn error(kind: ErrorKind, detail: impl Into<String>) -> Error {
    Error {
        kind,
        detail: detail.into(),
    }
}

/// The host's data lacks something that every locale has: it was built without.
fn no_data(what: &str) -> impl Fn(icu_provider::DataError) -> Error {
    move |error| unsupported(format!("{what}: the host has no data for it: {error}"))
}

/// Whether the texts of a call are not too many and not too long.
fn bounded<'a>(texts: impl IntoIterator<Item = &'a str>) -> Outcome<()> {
    let (mut count, mut size) = (0, 0);
    for text in texts {
        count += 1;
        size += text.len();
    }
    if count > MAX_TEXTS {
        let detail = format!("{count} texts are more than {MAX_TEXTS}; pass fewer at once");
        return Err(error(ErrorKind::TooLarge, detail));
    }
    if size > MAX_TEXT {
        let detail = format!("{size} bytes of text are more than {MAX_TEXT}; pass less at once");
        return Err(error(ErrorKind::TooLarge, detail));
    }
    Ok(())
}

/// Whether a name in options is short enough to be one.
fn named(what: &str, name: &str) -> Outcome<()> {
    match name.len() <= MAX_NAME {
        true => Ok(()),
        false => Err(range_error(format!(
            "{what} `{}`: not a name; it is longer than {MAX_NAME} bytes",
            crate::text::cut(name)
        ))),
    }
}

#[cfg(test)]
mod tests;

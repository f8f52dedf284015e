//! Names of locales: how they are written, and which of them the host has.

use icu_locale::extensions::unicode::{Key, Value};
use icu_locale::{Locale, LocaleCanonicalizer, locale};

use super::contract::ErrorKind;
use super::{MAX_LOCALES, Outcome, error, experimental, named, range_error};
use crate::text::cut;

/// Locales as they are written, each once.
///
/// # Errors
///
/// When one of them is not well-formed, or when there are too many.
pub fn canonical_locales(tags: &[String]) -> Outcome<Vec<String>> {
    let mut canonical = Vec::new();
    for locale in parse_all(tags)? {
        let tag = locale.to_string();
        if !canonical.contains(&tag) {
            canonical.push(tag);
        }
    }
    Ok(canonical)
}

/// Those whose language the host knows.
///
/// # Errors
///
/// As [`canonical_locales`].
pub fn supported_locales(tags: &[String]) -> Outcome<Vec<String>> {
    let mut supported = parse_all(tags)?;
    supported.retain(experimental::has_language);
    let mut tags: Vec<String> = supported.iter().map(ToString::to_string).collect();
    tags.dedup();
    Ok(tags)
}

/// The locale that is taken of these: the first that the host has, or American English.
pub(super) fn choose(tags: &[String]) -> Outcome<Locale> {
    let mut locales = parse_all(tags)?;
    let first = locales.iter().position(experimental::has_language);
    Ok(first.map_or(locale!("en-US"), |first| locales.swap_remove(first)))
}

/// How the chosen locale is named in resolved options: without its extensions, which are options of
/// their own there.
pub(super) fn base(locale: &Locale) -> String {
    locale.id.to_string()
}

fn parse_all(tags: &[String]) -> Outcome<Vec<Locale>> {
    if tags.len() > MAX_LOCALES {
        let count = tags.len();
        let detail = format!("{count} locales are more than {MAX_LOCALES}; name fewer");
        return Err(error(ErrorKind::TooLarge, detail));
    }
    tags.iter().map(|tag| parse(tag)).collect()
}

/// A locale as it is written: `iw` is `he`.
pub(super) fn parse(tag: &str) -> Outcome<Locale> {
    named("locale", tag)?;
    let mut locale = Locale::try_from_str(tag).map_err(|_| {
        range_error(format!(
            "locale `{}`: not a tag of BCP 47; write it such as `de-AT`",
            cut(tag)
        ))
    })?;
    LocaleCanonicalizer::new_extended().canonicalize(&mut locale);
    Ok(locale)
}

/// Sets a keyword of the extension `u`, such as `nu`.
pub(super) fn set(locale: &mut Locale, key: Key, value: &str) -> Outcome<()> {
    let value = Value::try_from_str(value)
        .map_err(|_| range_error(format!("`{}` is no value of `{key}`", cut(value))))?;
    locale.extensions.unicode.keywords.set(key, value);
    Ok(())
}

/// The value of a keyword of the extension `u`.
pub(super) fn get(locale: &Locale, key: Key) -> Option<String> {
    let value = locale.extensions.unicode.keywords.get(&key)?;
    Some(value.to_string())
}

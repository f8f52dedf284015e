//! Names of languages, regions, scripts and currencies.

use icu_locale::Locale;
use icu_locale::names::{
    DisplayNamesPreferences, LanguageDisplay, LanguageIdentifierDisplayName,
    LanguageIdentifierDisplayNameOptions, RegionDisplayName, ScriptDisplayName,
};
use icu_locale::subtags::{Region, Script};
use writeable::{TryWriteable, Writeable};

use super::contract::{NameKind, NameOptions, Width};
use super::{Outcome, experimental, range_error, tags};
use crate::text::cut;

/// The name of a code, if it has one. Nothing is kept for it: it is found in the data as it is.
///
/// # Errors
///
/// When the code or an option is none.
pub fn display_name(code: &str, options: &NameOptions) -> Outcome<Option<String>> {
    super::named("code", code)?;
    let locale = tags::choose(&options.locales)?;
    match options.kind {
        NameKind::Currency => experimental::currency_name(&locale, code),
        NameKind::Region => {
            let region = Region::try_from_str(code).map_err(|_| not_one("region", code))?;
            let preferences = DisplayNamesPreferences::from(&locale);
            let name = match options.width {
                Width::Long => RegionDisplayName::try_new_light(preferences, region),
                _ => RegionDisplayName::try_new_short_light(preferences, region),
            };
            Ok(name.ok().map(|name| name.write_to_string().into_owned()))
        }
        NameKind::Script => {
            let script = Script::try_from_str(code).map_err(|_| not_one("script", code))?;
            let preferences = DisplayNamesPreferences::from(&locale);
            let name = match options.width {
                Width::Long => ScriptDisplayName::try_new_heavy(preferences, script),
                _ => ScriptDisplayName::try_new_short_heavy(preferences, script),
            };
            Ok(name.ok().map(|name| name.write_to_string().into_owned()))
        }
        NameKind::Language => language(&locale, code, options),
    }
}

fn language(locale: &Locale, code: &str, options: &NameOptions) -> Outcome<Option<String>> {
    let subject = tags::parse(code)?.id;
    let preferences = DisplayNamesPreferences::from(locale);
    let mut display = LanguageIdentifierDisplayNameOptions::default();
    display.language_display = Some(match options.dialect {
        true => LanguageDisplay::Dialect,
        false => LanguageDisplay::Standard,
    });
    let name = match options.width {
        Width::Long => LanguageIdentifierDisplayName::try_new_heavy(preferences, subject, display),
        _ => LanguageIdentifierDisplayName::try_new_short_heavy(preferences, subject, display),
    };
    let Ok(name) = name else {
        return Ok(None);
    };
    // Where the language itself has no name, the text would be its code.
    let mut text = String::new();
    let written = name.as_borrowed().try_write_to(&mut text);
    Ok(matches!(written, Ok(Ok(()))).then_some(text))
}

fn not_one(what: &str, code: &str) -> super::contract::Error {
    range_error(format!("{what} `{}`: not a code of one", cut(code)))
}

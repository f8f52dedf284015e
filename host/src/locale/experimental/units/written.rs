//! Units that the crates of ICU4X have no texts of. `written.txt` has them, as
//! `tests/integration/golden/units.mjs` takes them from CLDR.

use std::collections::HashMap;
use std::sync::LazyLock;

use icu_locale::Locale;
use icu_plurals::PluralCategory;

use super::super::super::contract::Width;
use super::super::{Piece, Template};

/// A text for each form of a noun. The form `other` comes first.
pub(super) type Texts = Vec<(PluralCategory, Template)>;

/// The long, the short and the narrow text by locale and unit (`de celsius`).
static ROWS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("written.txt")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// The names of these units.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.keys().filter_map(|key| key.strip_prefix("und "))
}

/// The texts of a unit in the locale, else in its language, else those that most languages have.
pub(super) fn texts(locale: &Locale, unit: &str, width: Width) -> Option<Texts> {
    let id = &locale.id;
    let language = id.language.as_str();
    let with = |part: &str| format!("{language}-{part}");
    let region = id.region.as_ref().map(|region| with(region.as_str()));
    let script = id.script.as_ref().map(|script| with(script.as_str()));
    let tags = [
        region,
        script,
        Some(language.to_owned()),
        Some("und".to_owned()),
    ];
    let row = |tag: String| ROWS.get(format!("{tag} {unit}").as_str());
    let row = tags.into_iter().flatten().find_map(row)?;
    let text = row.split('\t').nth(match width {
        Width::Long => 0,
        Width::Short => 1,
        Width::Narrow => 2,
    })?;
    let form = |part: &str| match part.split_once('=') {
        Some((form, text)) => (category(form), template(text)),
        None => (PluralCategory::Other, template(part)),
    };
    Some(text.split('|').map(form).collect())
}

fn category(form: &str) -> PluralCategory {
    PluralCategory::get_for_cldr_string(form).unwrap_or(PluralCategory::Other)
}

/// The pieces of `{0} km/h`.
fn template(text: &str) -> Template {
    let (before, behind) = text.split_once("{0}").unwrap_or(("", text));
    let text = |part: &str| (!part.is_empty()).then(|| Piece::Text(part.to_owned()));
    let pieces = [text(before), Some(Piece::Number), text(behind)];
    pieces.into_iter().flatten().collect()
}

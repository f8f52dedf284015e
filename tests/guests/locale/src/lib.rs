//! A BFF that writes dates, numbers and texts in the language of its path (`/de-AT`), a line each.

use tailor_kit::locale::{
    DateFormat, DateStyle, LetterCase, ListKind, LocaleError, NameKind, NumberFormat,
    PluralCategory, RelativeUnit, Width, change_case, display_name, list, order, plural, relative,
    relative_in_words, sort_by_text, zone_at,
};
use tailor_kit::{Handler, Request, Response};

/// The BFF.
pub struct Locale;

tailor_kit::export!(Locale);

impl Handler for Locale {
    fn handle(request: Request) -> Response {
        match texts(request.path.trim_start_matches('/')) {
            Ok(texts) => Response::text("text/plain", texts.join("\n")),
            Err(error) => Response::text("text/plain", error.detail),
        }
    }
}

/// 2026-07-21T22:59:00Z, when it is tomorrow east of there.
const THEN: i64 = 1_784_674_740_000;

fn texts(locale: &str) -> Result<Vec<String>, LocaleError> {
    let at = [locale];
    let full = DateFormat::styles(DateStyle::Full, DateStyle::Short).zone("Europe/Berlin");
    let day = DateFormat::date(DateStyle::Short).zone("Asia/Tokyo");
    let mut words: Vec<String> = ["z", "ä", "a", "Z"].map(str::to_owned).into();
    sort_by_text(&mut words, String::clone, &order(&at))?;
    Ok(vec![
        full.format(&at, THEN)?,
        day.format(&at, THEN)?,
        NumberFormat::new().format(&at, 1_234_567.891)?,
        NumberFormat::percent().format(&at, 0.256)?,
        NumberFormat::currency("EUR").format(&at, 1234.5)?,
        NumberFormat::unit("kilometer", Width::Short).format(&at, 7.4)?,
        relative(&at, -3, RelativeUnit::Day)?,
        relative_in_words(&at, 1, RelativeUnit::Day)?,
        list(&at, &words, ListKind::Conjunction)?,
        category(plural(&at, 2)?).to_owned(),
        display_name(&at, NameKind::Region, "JP")?.unwrap_or_default(),
        change_case(&at, "istanbul", LetterCase::Uppercase)?,
        zone_at("Asia/Tokyo", THEN)?.today,
    ])
}

fn category(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

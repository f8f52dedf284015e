//! Languages whose numbers in dates have other widths than the data of the formatters says.
//!
//! CLDR has a pattern for each set of fields (`yMd`), and lengths of whole dates. The formatters have
//! the lengths alone, and of those the short one stands for a date in numbers: it is `05.01.26` in
//! German, where the pattern of the fields is `5.1.2026`.

use icu_locale::Locale;

/// Digits at least of day and month in a date of numbers, by language, or language and region.
const DATES: &str = "\
    am/1/1 be/1/1 cs/1/1 cy/1/1 da/1/1 de/1/1 en-IE/1/1 en-IN/1/1 es-MX/1/1 et/1/1 gl/1/1 id/1/1 \
    ja/1/1 ka/1/1 lv/1/2 ms/1/1 my/1/1 nb/1/1 nl/1/1 nn/1/1 no/1/1 pl/1/2 si/1/1 sl/1/1 so/1/1 \
    sw/1/1 te/1/1 tr/2/2 vi/1/1";

/// Digits at least of hours, likewise.
const HOURS: &str = "es/1 gu/1 mk/2 ps/1 vi/1";

/// The digits of day and month, where the data has others.
pub(super) fn of_date(locale: &Locale) -> Option<(usize, usize)> {
    let (day, month) = find(DATES, locale)?.split_once('/')?;
    Some((day.parse().ok()?, month.parse().ok()?))
}

/// The digits of hours, where the data has others.
pub(super) fn of_hours(locale: &Locale) -> Option<usize> {
    find(HOURS, locale)?.parse().ok()
}

fn find(table: &'static str, locale: &Locale) -> Option<&'static str> {
    let language = locale.id.language.as_str();
    let region = locale
        .id
        .region
        .as_ref()
        .map_or("", |region| region.as_str());
    table.split_whitespace().find_map(|row| {
        let (tag, widths) = row.split_once('/')?;
        let (of_language, of_region) = tag.split_once('-').unwrap_or((tag, region));
        (of_language == language && of_region == region).then_some(widths)
    })
}

use super::contract::{
    DateOptions, HourCycle, Notation, NumberOptions, NumberStyle, PartKind, ValueKind,
};
use super::digits::USUAL;
use super::*;

fn caller(bff: &str) -> Caller<'_> {
    Caller { bff, formatters: 2 }
}

fn number(locale: &str) -> NumberOptions {
    NumberOptions {
        locales: vec![locale.to_owned()],
        style: NumberStyle::Decimal,
        currency: None,
        currency_display: None,
        accounting: false,
        unit: None,
        unit_display: None,
        notation: Notation::Standard,
        digits: USUAL,
        grouping: None,
        sign: None,
        numbering_system: None,
    }
}

fn date(locale: &str, time_zone: &str) -> DateOptions {
    DateOptions {
        locales: vec![locale.to_owned()],
        time_zone: time_zone.to_owned(),
        date_style: None,
        time_style: None,
        weekday: None,
        era: None,
        year: None,
        month: None,
        day: None,
        day_period: None,
        hour: None,
        minute: None,
        second: None,
        fractional_second_digits: None,
        time_zone_name: None,
        hour12: None,
        hour_cycle: None,
        numbering_system: None,
    }
}

#[test]
fn a_bff_that_asks_with_ever_new_options_drops_its_own_formatters_alone() {
    format_number(caller("calm"), "1", number("de")).unwrap();
    for digits in 0..50 {
        let mut options = number("fr");
        options.digits.minimum_fraction = Some(digits);
        format_number(caller("greedy"), "1", options).unwrap();
        assert!(cache::kept_of("greedy") <= 2);
    }
    assert_eq!(cache::kept_of("calm"), 1);
    let none = Caller {
        bff: "none",
        formatters: 0,
    };
    assert_eq!(format_number(none, "1.5", number("es")).unwrap(), "1,5");
    assert_eq!(cache::kept_of("none"), 0);
}

#[test]
fn a_panic_below_is_an_error_of_the_call() {
    let outcome: Outcome<()> = guard(|| panic!("a fault"));
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn parts_are_the_text_and_have_the_names_of_ecma_402() {
    let mut options = number("de");
    options.style = NumberStyle::Currency;
    options.currency = Some("eur".to_owned());
    let parts = number_parts(caller("parts"), "-1234.5", options.clone()).unwrap();
    let kinds: Vec<PartKind> = parts.iter().map(|part| part.kind).collect();
    let expected = [
        PartKind::MinusSign,
        PartKind::Integer,
        PartKind::Group,
        PartKind::Integer,
        PartKind::Decimal,
        PartKind::Fraction,
        PartKind::Literal,
        PartKind::Currency,
    ];
    assert_eq!(kinds, expected, "{parts:?}");
    let text = format_number(caller("parts"), "-1234.5", options).unwrap();
    assert_eq!(parts::joined(&parts), text);
    let mut options = date("en-US", "UTC");
    options.hour = Some(contract::DigitWidth::Numeric);
    options.second = Some(contract::DigitWidth::TwoDigit);
    options.fractional_second_digits = Some(2);
    let parts = date_parts(caller("parts"), 1_230, options).unwrap();
    let last: Vec<(PartKind, &str)> = parts
        .iter()
        .map(|part| (part.kind, part.text.as_str()))
        .collect();
    assert!(
        last.contains(&(PartKind::FractionalSecond, "23")),
        "{last:?}"
    );
}

#[test]
fn days_begin_and_end_where_clocks_are_turned() {
    // Berlin, 29 March 2026: the hour from two to three is left out.
    let noon = 1_774_778_400_000;
    let zone = zone_at("europe/BERLIN", noon).unwrap();
    assert_eq!(
        (zone.name.as_str(), zone.offset_s),
        ("Europe/Berlin", 7_200)
    );
    assert_eq!(zone.today, "2026-03-29");
    assert_eq!(zone.day_ends_ms - zone.day_begins_ms, 23 * 3_600_000);
    let zone = zone_at("-03:30", 0).unwrap();
    assert_eq!((zone.name.as_str(), zone.offset_s), ("-03:30", -12_600));
    assert_eq!(zone.today, "1969-12-31");
    assert!(zone_at("+25:00", 0).is_err());
}

#[test]
fn resolved_options_say_what_is_written() {
    let mut options = date("de", "utc");
    options.locales = vec!["xx".to_owned(), "de-AT".to_owned()];
    options.hour = Some(contract::DigitWidth::TwoDigit);
    let resolved = resolve_date(caller("resolved"), options).unwrap();
    assert_eq!(resolved.locales, ["de-AT"]);
    assert_eq!(resolved.time_zone, "UTC");
    assert_eq!(resolved.hour_cycle, Some(HourCycle::H23));
    assert_eq!(resolved.numbering_system.as_deref(), Some("latn"));
    let resolved = resolve_number(caller("resolved"), number("ar-EG")).unwrap();
    assert_eq!(resolved.numbering_system.as_deref(), Some("arab"));
    assert_eq!(resolved.digits.maximum_fraction, Some(3));
}

#[test]
fn all_values_that_are_named_are_taken() {
    for unit in supported_values(ValueKind::Unit) {
        let mut options = number("de");
        options.style = NumberStyle::Unit;
        options.unit = Some(unit.clone());
        let text = format_number(caller("values"), "2", options).unwrap();
        assert!(text.len() > 1, "{unit}: {text}");
    }
    for zone in supported_values(ValueKind::TimeZone) {
        zone_at(&zone, 0).unwrap();
    }
    for digits in supported_values(ValueKind::NumberingSystem) {
        let mut options = number("en");
        options.numbering_system = Some(digits.clone());
        let resolved = resolve_number(caller("values"), options).unwrap();
        assert_eq!(resolved.numbering_system, Some(digits));
    }
    for currency in supported_values(ValueKind::Currency) {
        let mut options = number("en");
        options.style = NumberStyle::Currency;
        options.currency = Some(currency.clone());
        format_number(caller("values"), "2", options).unwrap();
    }
}

#[test]
fn odd_numbers_are_written_and_not_of_any_length() {
    for (value, text) in [
        ("-0", "-0"),
        ("1e21", "1,000,000,000,000,000,000,000"),
        ("0.00001", "0"),
        ("NaN", "NaN"),
        ("-Infinity", "-\u{221e}"),
        ("+5", "5"),
        ("00012.500", "12.5"),
    ] {
        assert_eq!(
            format_number(caller("odd"), value, number("en")).unwrap(),
            text,
            "{value}"
        );
    }
    let most = format_number(caller("odd"), "1e1000", number("en")).unwrap();
    assert!(most.len() < 2_000);
    assert!(format_number(caller("odd"), "1e1200", number("en")).is_err());
}

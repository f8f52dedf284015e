//! What is asked of the host; the texts are stand-ins.

use super::*;

#[test]
fn the_options_are_those_of_the_contract() {
    let date = DateFormat::styles(DateStyle::Long, DateStyle::Short).zone("Europe/Berlin");
    let options = date.options(&["de", "en"]);
    assert_eq!(options.locales, ["de", "en"]);
    assert_eq!(options.time_zone, "Europe/Berlin");
    assert_eq!(options.date_style, Some(DateStyle::Long));
    assert_eq!(options.time_style, Some(DateStyle::Short));
    let single = DateFormat::new()
        .month(MonthFormat::Long)
        .second(3)
        .options(&[]);
    assert_eq!(single.month, Some(MonthFormat::Long));
    assert_eq!(single.fractional_second_digits, Some(3));
    let price = NumberFormat::currency("EUR")
        .fraction(0, 2)
        .options(&["de"]);
    assert_eq!(price.currency.as_deref(), Some("EUR"));
    assert_eq!(price.digits.maximum_fraction, Some(2));
    let short = NumberFormat::new().compact(Width::Short).options(&["de"]);
    assert_eq!(short.notation, Notation::CompactShort);
}

#[test]
fn numbers_keep_their_digits() {
    for (number, text) in [
        (Number::from(0.1), "0.1"),
        (Number::from(-0.0), "-0"),
        (Number::from(f64::NAN), "NaN"),
        (Number::from(f64::NEG_INFINITY), "-Infinity"),
        (Number::from(u64::MAX), "18446744073709551615"),
        (Number::decimal("12.50"), "12.50"),
    ] {
        assert_eq!(number.as_str(), text);
    }
}

#[test]
fn stand_ins_say_what_was_asked_for() {
    let locales = ["de", "en"];
    let date = DateFormat::date(DateStyle::Short).zone("+05:30");
    let text = date.format(&locales, 0).unwrap();
    assert_eq!(text, "[de, en: 1970-01-01 05:30 +05:30]");
    let price = NumberFormat::currency("EUR")
        .format(&locales, 12.5)
        .unwrap();
    assert_eq!(price, "[de, en: 12.5 EUR]");
    let ago = relative(&["de"], -3, RelativeUnit::Day).unwrap();
    assert_eq!(ago, "[de: -3 day]");
    assert_eq!(zone_at("+01:00", -1).unwrap().today, "1970-01-01");
}

#[test]
fn stand_ins_refuse_what_the_host_refuses_by_its_form() {
    for tag in ["", "de_DE", "not a tag", "d", "deut", "de-", "de-überall"] {
        let refused = DateFormat::date(DateStyle::Short).format(&["de", tag], 0);
        assert_eq!(
            refused.unwrap_err().kind,
            LocaleErrorKind::RangeError,
            "{tag}"
        );
        assert!(compare("a", "b", &order(&[tag])).is_err(), "{tag}");
    }
    let euro = NumberFormat::currency("EURO").format(&["de"], 1);
    assert!(euro.unwrap_err().detail.contains("`EUR`"));
    assert!(
        NumberFormat::new()
            .format(&["de"], Number::decimal("one"))
            .is_err()
    );
    assert!(
        NumberFormat::new()
            .format(&["zh-Hant-TW-u-nu-hanidec"], f64::NAN)
            .is_ok()
    );
}

#[test]
fn items_are_sorted_by_a_text_of_each_and_none_is_lost() {
    let mut items = vec![(2, "b"), (1, "a"), (3, "c"), (0, "a")];
    sort_by_text(&mut items, |(_, text)| (*text).to_owned(), &order(&["de"])).unwrap();
    assert_eq!(items, [(1, "a"), (0, "a"), (2, "b"), (3, "c")]);
    let less = compare("a", "b", &order(&["de"])).unwrap();
    assert_eq!(less, std::cmp::Ordering::Less);
}

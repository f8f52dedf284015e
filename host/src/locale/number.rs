//! Numbers as they are written: alone, as percents, with a currency or a unit, and in words.

mod form;

use std::rc::Rc;

use fixed_decimal::{Decimal, Sign};
use icu_decimal::options::{DecimalFormatterOptions, GroupingStrategy};
use icu_decimal::{CompactDecimalFormatter, DecimalFormatter};
use icu_locale::Locale;
use icu_locale::extensions::unicode::key;
use icu_plurals::{PluralOperands, PluralRules};

use super::cache::{Key, formatter};
use super::contract::{
    CurrencyDisplay, Grouping, Notation, NumberOptions, NumberStyle, Part, PartKind, SignDisplay,
    Width,
};
use super::digits::{Rounding, Value, parse, sign_display};
use super::{Caller, Outcome, no_data, parts, range_error, tags, values};
use form::Form;

/// Writes a number.
///
/// # Errors
///
/// When the number or an option is none.
pub fn format_number(caller: Caller<'_>, value: &str, options: NumberOptions) -> Outcome<String> {
    number_parts(caller, value, options).map(|parts| parts::joined(&parts))
}

/// The same in parts.
///
/// # Errors
///
/// As [`format_number`].
pub fn number_parts(caller: Caller<'_>, value: &str, options: NumberOptions) -> Outcome<Vec<Part>> {
    Ok(number(caller, options)?.parts(parse(value)?))
}

/// The options with all that is chosen for them.
///
/// # Errors
///
/// As [`format_number`].
pub fn resolve_number(caller: Caller<'_>, options: NumberOptions) -> Outcome<NumberOptions> {
    Ok(number(caller, options)?.resolved.clone())
}

fn number(caller: Caller<'_>, options: NumberOptions) -> Outcome<Rc<Number>> {
    formatter(caller, Key::Number(options), |key| match key {
        Key::Number(options) => Number::new(options),
        _ => Err(range_error("not a number")),
    })
}

/// How numbers are written with one set of options.
struct Number {
    decimal: DecimalFormatter,
    words: Option<CompactDecimalFormatter>,
    plural: Option<PluralRules>,
    form: Form,
    signs: Signs,
    rounding: Rounding,
    resolved: NumberOptions,
}

/// What is written for a sign before and behind a number.
struct Signs {
    minus: (String, String),
    plus: (String, String),
}

/// The locale of options, with the digits that they ask for.
pub(super) fn locale(tags: &[String], numbering_system: Option<&str>) -> Outcome<Locale> {
    let mut locale = tags::choose(tags)?;
    if let Some(digits) = numbering_system {
        super::named("numbering system", digits)?;
        tags::set(&mut locale, key!("nu"), digits)?;
    }
    // As in every browser, digits that nobody knows are passed over.
    let digits = tags::get(&locale, key!("nu"));
    if digits.is_some_and(|digits| !values::is_numbering_system(&digits)) {
        locale.extensions.unicode.keywords.remove(key!("nu"));
    }
    Ok(locale)
}

impl Number {
    fn new(options: &NumberOptions) -> Outcome<Self> {
        let locale = locale(&options.locales, options.numbering_system.as_deref())?;
        let digits = tags::get(&locale, key!("nu"));
        let form = Form::new(options, &locale, digits.as_deref())?;
        let is_compact = options.notation != Notation::Standard;
        let usual = (!is_compact).then(|| form.usual_fraction());
        let rounding = Rounding::new(&options.digits, usual)?;
        let grouping = options.grouping.unwrap_or(match is_compact {
            true => Grouping::Min2,
            false => Grouping::Auto,
        });
        let strategy = match grouping {
            Grouping::Auto => GroupingStrategy::Auto,
            Grouping::Always => GroupingStrategy::Always,
            Grouping::Min2 => GroupingStrategy::Min2,
            Grouping::Never => GroupingStrategy::Never,
        };
        let decimal_options = DecimalFormatterOptions::from(strategy);
        let decimal = DecimalFormatter::try_new((&locale).into(), decimal_options);
        let decimal = decimal.map_err(no_data("numbers"))?;
        let words = match options.notation {
            Notation::Standard => None,
            Notation::CompactShort => Some(CompactDecimalFormatter::try_new_short(
                (&locale).into(),
                strategy.into(),
            )),
            Notation::CompactLong => Some(CompactDecimalFormatter::try_new_long(
                (&locale).into(),
                strategy.into(),
            )),
        };
        let plural = form
            .is_plural()
            .then(|| PluralRules::try_new_cardinal((&locale).into()));
        let resolved = NumberOptions {
            locales: vec![tags::base(&locale)],
            currency: options
                .currency
                .as_ref()
                .map(|code| code.to_ascii_uppercase()),
            currency_display: (options.style == NumberStyle::Currency)
                .then(|| options.currency_display.unwrap_or(CurrencyDisplay::Symbol)),
            unit_display: (options.style == NumberStyle::Unit)
                .then(|| options.unit_display.unwrap_or(Width::Short)),
            digits: rounding.digits(),
            grouping: Some(grouping),
            sign: Some(options.sign.unwrap_or(SignDisplay::Auto)),
            numbering_system: Some(values::numbering_system(&locale)),
            ..options.clone()
        };
        Ok(Self {
            signs: Signs::of(&decimal),
            words: words.transpose().map_err(no_data("numbers in words"))?,
            plural: plural.transpose().map_err(no_data("plurals"))?,
            decimal,
            form,
            rounding,
            resolved,
        })
    }

    fn parts(&self, value: Value) -> Vec<Part> {
        let display = sign_display(self.resolved.sign);
        let (number, sign, operands) = match value {
            Value::Nan => {
                let nan = parts::part(PartKind::Nan, "NaN");
                (vec![nan], Sign::None, PluralOperands::from(0_u32))
            }
            Value::Infinite(sign) => {
                let infinity = parts::part(PartKind::Infinity, "\u{221e}");
                let sign = Decimal::from(1)
                    .with_sign(sign)
                    .with_sign_display(display)
                    .sign();
                (vec![infinity], sign, PluralOperands::from(0_u32))
            }
            Value::Finite(mut value) => {
                value.absolute.multiply_pow10(self.form.power_of_ten());
                let (exponent, value) = self.rounded(value);
                let value = value.with_sign_display(display);
                let number = self.digits(&value, exponent);
                let operands =
                    PluralOperands::from_significand_and_exponent(&value.absolute, exponent);
                (number, value.sign(), operands)
            }
        };
        let sign = match sign {
            Sign::None => None,
            Sign::Negative => Some((PartKind::MinusSign, &self.signs.minus)),
            Sign::Positive => Some((PartKind::PlusSign, &self.signs.plus)),
        };
        self.form
            .around(number, sign, operands, self.plural.as_ref())
    }

    /// The number as it is written, and the power of ten that is written in words.
    fn rounded(&self, value: Decimal) -> (u8, Decimal) {
        let Some(words) = &self.words else {
            let mut value = value;
            self.rounding.apply(&mut value);
            return (0, value);
        };
        let mut magnitude = value.absolute.nonzero_magnitude_start();
        // Rounding up may lead to the next word, once: 999,999 is a million.
        for _ in 0..2 {
            let exponent = words.compact_exponent_for_magnitude(magnitude);
            let mut part = value.clone();
            part.absolute.multiply_pow10(-i16::from(exponent));
            self.rounding.apply(&mut part);
            let reached = part.absolute.nonzero_magnitude_start() + i16::from(exponent);
            if words.compact_exponent_for_magnitude(reached) == exponent {
                return (exponent, part);
            }
            magnitude = reached;
        }
        let mut value = value;
        self.rounding.apply(&mut value);
        (0, value)
    }

    fn digits(&self, value: &Decimal, exponent: u8) -> Vec<Part> {
        let unsigned = value.clone().with_sign(Sign::None);
        let in_words = self.words.as_ref().filter(|_| exponent > 0);
        if let Some(words) = in_words
            && let Ok(text) = words.format_with_exponent(&unsigned, exponent)
        {
            return parts::of(&text, PartKind::Compact);
        }
        parts::of(&self.decimal.format(&unsigned), PartKind::Literal)
    }
}

impl Signs {
    /// The formatter tells its signs only in numbers.
    fn of(decimal: &DecimalFormatter) -> Self {
        let around = |sign: Sign, kind: PartKind| {
            let one = Decimal::from(1).with_sign(sign);
            let parts = parts::of(&decimal.format(&one), PartKind::Literal);
            let at = |place: Option<&Part>| {
                let sign = place.filter(|part| part.kind == kind);
                sign.map_or_else(String::new, |part| part.text.clone())
            };
            (at(parts.first()), at(parts.last()))
        };
        Self {
            minus: around(Sign::Negative, PartKind::MinusSign),
            plus: around(Sign::Positive, PartKind::PlusSign),
        }
    }
}

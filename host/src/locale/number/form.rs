//! What is written around a number, and where its sign goes.

use icu_locale::Locale;
use icu_plurals::{PluralOperands, PluralRules};

use super::super::contract::{CurrencyDisplay, NumberOptions, NumberStyle, Part, PartKind, Width};
use super::super::experimental::{Currency, Percent, Piece, Unit, currency_digits};
use super::super::{Outcome, parts, range_error};

/// The sign of a number: what it is, and what is written before and behind.
type SignText<'a> = (PartKind, &'a (String, String));

/// What a number stands for.
pub(super) enum Form {
    Decimal,
    Percent(Percent),
    Currency { currency: Currency, digits: u8 },
    Unit(Unit),
}

impl Form {
    pub(super) fn new(
        options: &NumberOptions,
        locale: &Locale,
        digits: Option<&str>,
    ) -> Outcome<Self> {
        Ok(match options.style {
            NumberStyle::Decimal => Self::Decimal,
            NumberStyle::Percent => Self::Percent(Percent::new(locale, digits)?),
            NumberStyle::Currency => {
                let Some(code) = &options.currency else {
                    return Err(range_error(
                        "currency: not set; the style `currency` needs it",
                    ));
                };
                let display = options.currency_display.unwrap_or(CurrencyDisplay::Symbol);
                let accounting = options.accounting;
                Self::Currency {
                    currency: Currency::new(locale, digits, code, display, accounting)?,
                    digits: currency_digits(code)?,
                }
            }
            NumberStyle::Unit => {
                let Some(unit) = &options.unit else {
                    return Err(range_error("unit: not set; the style `unit` needs it"));
                };
                super::super::named("unit", unit)?;
                let width = options.unit_display.unwrap_or(Width::Short);
                Self::Unit(Unit::new(locale, unit, width)?)
            }
        })
    }

    /// The least and the most digits of the fraction, where nobody says.
    pub(super) fn usual_fraction(&self) -> (u8, u8) {
        match self {
            Self::Decimal | Self::Unit(_) => (0, 3),
            Self::Percent(_) => (0, 0),
            Self::Currency { digits, .. } => (*digits, *digits),
        }
    }

    /// What a number is multiplied with, as a power of ten.
    pub(super) fn power_of_ten(&self) -> i16 {
        match self {
            Self::Percent(_) => 2,
            _ => 0,
        }
    }

    /// Whether the text goes with the number.
    pub(super) fn is_plural(&self) -> bool {
        match self {
            Self::Decimal | Self::Percent(_) => false,
            Self::Currency { currency, .. } => matches!(currency, Currency::Name { .. }),
            Self::Unit(_) => true,
        }
    }

    /// The whole text of a number.
    pub(super) fn around(
        &self,
        number: Vec<Part>,
        sign: Option<SignText<'_>>,
        operands: PluralOperands,
        plural: Option<&PluralRules>,
    ) -> Vec<Part> {
        match (self, plural) {
            (Self::Decimal, _) => signed(number, sign),
            (Self::Percent(percent), _) => match sign {
                None => fill(
                    &percent.unsigned,
                    &number,
                    PartKind::PercentSign,
                    None,
                    None,
                ),
                sign => fill(&percent.signed, &number, PartKind::PercentSign, None, sign),
            },
            (Self::Unit(unit), Some(rules)) => {
                let template = unit.template(operands, rules);
                fill(&template, &signed(number, sign), PartKind::Unit, None, None)
            }
            (Self::Currency { currency, .. }, Some(rules)) => {
                let (template, name) = currency.named(operands, rules);
                let number = signed(number, sign);
                fill(&template, &number, PartKind::Literal, Some(&name), None)
            }
            (Self::Currency { currency, .. }, None) => with_symbol(currency, number, sign),
            (Self::Unit(_), None) => signed(number, sign),
        }
    }
}

fn with_symbol(currency: &Currency, number: Vec<Part>, sign: Option<SignText<'_>>) -> Vec<Part> {
    let Currency::Symbol {
        symbol,
        positive,
        negative,
    } = currency
    else {
        return signed(number, sign);
    };
    let is_negative = sign.is_some_and(|(kind, _)| kind == PartKind::MinusSign);
    match negative.as_ref().filter(|_| is_negative) {
        Some(template) => {
            let all = fill(template, &number, PartKind::Literal, Some(symbol), None);
            all.into_iter().flat_map(apart).collect()
        }
        None => {
            let all = fill(positive, &number, PartKind::Literal, Some(symbol), None);
            signed(all, sign)
        }
    }
}

/// A sign inside of a literal is a part of its own.
fn apart(literal: Part) -> Vec<Part> {
    let is_sign = |character| matches!(character, '-' | '\u{2212}');
    if literal.kind != PartKind::Literal {
        return vec![literal];
    }
    let Some((before, after)) = literal.text.split_once(is_sign) else {
        return vec![literal];
    };
    let sign = &literal.text[before.len()..literal.text.len() - after.len()];
    let all = [
        (PartKind::Literal, before),
        (PartKind::MinusSign, sign),
        (PartKind::Literal, after),
    ];
    let some = all.into_iter().filter(|(_, text)| !text.is_empty());
    some.map(|(kind, text)| parts::part(kind, text)).collect()
}

/// A number with its sign before and behind it.
fn signed(number: Vec<Part>, sign: Option<SignText<'_>>) -> Vec<Part> {
    let Some((kind, (before, after))) = sign else {
        return number;
    };
    let part = |text: &String| (!text.is_empty()).then(|| parts::part(kind, text));
    let behind = part(after);
    part(before)
        .into_iter()
        .chain(number)
        .chain(behind)
        .collect()
}

/// A template with all its places filled. Its own text is of `kind`.
fn fill(
    template: &[Piece],
    number: &[Part],
    kind: PartKind,
    name: Option<&str>,
    sign: Option<SignText<'_>>,
) -> Vec<Part> {
    let mut all = Vec::new();
    for piece in template {
        match piece {
            Piece::Number => all.extend_from_slice(number),
            Piece::Name => all.extend(name.map(|name| parts::part(PartKind::Currency, name))),
            Piece::Sign => {
                all.extend(sign.map(|(kind, (before, _))| parts::part(kind, before)));
            }
            Piece::Text(text) => all.extend(parts::affix(text, kind)),
        }
    }
    all
}

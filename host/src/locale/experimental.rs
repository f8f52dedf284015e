//! What only the experimental crate of ICU4X has: currencies, units, percents and relative time.
//!
//! No other file knows that crate, which changes with each release and is pinned for that.

use fixed_decimal::Decimal;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::provider::currency::displayname::CurrencyDisplaynameV1;
use icu_experimental::dimension::provider::currency::essentials::CurrencyEssentialsV1;
use icu_experimental::dimension::provider::currency::extended::CurrencyExtendedDataV1;
use icu_experimental::dimension::provider::currency::fractions::CurrencyFractionsV1;
use icu_experimental::dimension::provider::currency::patterns::CurrencyPatternsDataV1;
use icu_experimental::dimension::provider::currency::symbols::CurrencySymbolsV1;
use icu_experimental::dimension::provider::percent::DecimalPercentV1;
use icu_experimental::provider::Baked;
use icu_experimental::relativetime::RelativeTimeFormatter;
use icu_experimental::relativetime::options::{Numeric, RelativeTimeFormatterOptions};
use icu_experimental::relativetime::provider::DatetimeRelativeDayLongV1;
use icu_locale::{DataLocale, Locale};
use icu_pattern::{DoublePlaceholderKey, DoublePlaceholderPattern, PatternItem};
use icu_plurals::{PluralOperands, PluralRules};
use icu_provider::prelude::*;
use writeable::Writeable;

use super::contract::{
    CurrencyDisplay, Error, Part, PartKind, RelativeOptions, RelativeUnit, Width,
};
use super::{Outcome, no_data, parts, range_error};
use crate::text::cut;

mod units;

pub(super) use units::{Unit, names as unit_names};

/// A piece of a text that is written around a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Number,
    Sign,
    Name,
    Text(String),
}

/// A text around a number.
pub(super) type Template = Vec<Piece>;

fn request<'a>(locale: &'a DataLocale, attributes: &'a str) -> Option<DataRequest<'a>> {
    let attributes = DataMarkerAttributes::try_from_str(attributes).ok()?;
    Some(DataRequest {
        id: DataIdentifierBorrowed::for_marker_attributes_and_locale(attributes, locale),
        metadata: {
            let mut metadata = DataRequestMetadata::default();
            metadata.silent = true;
            metadata
        },
    })
}

/// The data of a locale with these attributes, if there is any.
fn find<M: DataMarker>(locale: &Locale, attributes: &str) -> Option<DataPayload<M>>
where
    Baked: DataProvider<M>,
{
    let locale = M::make_locale(locale.into());
    let response = Baked.load(request(&locale, attributes)?).ok()?;
    Some(response.payload)
}

/// The data of a locale, for its numbering system where that has some of its own.
fn of_digits<M: DataMarker>(locale: &Locale, digits: Option<&str>) -> Outcome<DataPayload<M>>
where
    Baked: DataProvider<M>,
{
    if let Some(payload) = digits.and_then(|digits| find(locale, digits)) {
        return Ok(payload);
    }
    let locale = M::make_locale(locale.into());
    let request = DataRequest {
        id: DataIdentifierBorrowed::for_locale(&locale),
        ..DataRequest::default()
    };
    let response = Baked.load(request).map_err(no_data("numbers"))?;
    Ok(response.payload)
}

/// The pieces of a pattern whose first place is the number.
fn template(pattern: &DoublePlaceholderPattern, second: &Piece) -> Template {
    let piece = |item| match item {
        PatternItem::Placeholder(DoublePlaceholderKey::Place0) => Piece::Number,
        PatternItem::Placeholder(DoublePlaceholderKey::Place1) => second.clone(),
        PatternItem::Literal(text) => Piece::Text(text.to_owned()),
    };
    pattern.iter().map(piece).collect()
}

/// How percents are written.
#[derive(Debug)]
pub(super) struct Percent {
    pub(super) unsigned: Template,
    pub(super) signed: Template,
}

impl Percent {
    pub(super) fn new(locale: &Locale, digits: Option<&str>) -> Outcome<Self> {
        let data: DataPayload<DecimalPercentV1> = of_digits(locale, digits)?;
        let data = data.get();
        let piece = |item: PatternItem<'_, _>| match item {
            PatternItem::Placeholder(_) => Piece::Number,
            PatternItem::Literal(text) => Piece::Text(text.to_owned()),
        };
        Ok(Self {
            unsigned: data.unsigned_pattern.iter().map(piece).collect(),
            signed: template(&data.signed_pattern, &Piece::Sign),
        })
    }
}

/// The code of a currency.
fn currency_type(code: &str) -> Outcome<CurrencyType> {
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    let code_of = |code: &str| CurrencyType::try_from_str(code).ok();
    let currency = is_code.then(|| code_of(&code.to_ascii_uppercase()));
    currency.flatten().ok_or_else(|| {
        range_error(format!(
            "currency `{}`: not a code of ISO 4217; write it such as `EUR`",
            cut(code)
        ))
    })
}

/// How amounts of a currency are written.
#[derive(Debug)]
pub(super) enum Currency {
    /// With a sign of the currency.
    Symbol {
        symbol: String,
        positive: Template,
        /// Where it is another one than the positive one behind a sign.
        negative: Option<Template>,
    },
    /// With a name, whose form goes with the number.
    Name {
        code: String,
        names: Option<DataPayload<CurrencyExtendedDataV1>>,
        patterns: DataPayload<CurrencyPatternsDataV1>,
    },
}

impl Currency {
    pub(super) fn new(
        locale: &Locale,
        digits: Option<&str>,
        code: &str,
        display: CurrencyDisplay,
        accounting: bool,
    ) -> Outcome<Self> {
        let currency = currency_type(code)?;
        let code = code.to_ascii_uppercase();
        if display == CurrencyDisplay::Name {
            return Ok(Self::Name {
                names: find(locale, &code),
                patterns: of_digits(locale, None)?,
                code,
            });
        }
        let width = |width| {
            let mut buffer = Default::default();
            let attributes = CurrencySymbolsV1::make_attributes(currency, width, &mut buffer);
            find::<CurrencySymbolsV1>(locale, attributes.as_str())
        };
        let symbol = match display {
            CurrencyDisplay::Code | CurrencyDisplay::Name => None,
            CurrencyDisplay::Symbol => width(CurrencySymbolsV1::SHORT),
            CurrencyDisplay::NarrowSymbol => {
                width(CurrencySymbolsV1::NARROW).or_else(|| width(CurrencySymbolsV1::SHORT))
            }
        };
        let (symbol, starts, ends) = match &symbol {
            None => (code, true, true),
            Some(symbol) => {
                let symbol = symbol.get();
                let (starts, ends) = (symbol.starts_with_letter(), symbol.ends_with_letter());
                (symbol.as_str().to_owned(), starts, ends)
            }
        };
        let data: DataPayload<CurrencyEssentialsV1> = of_digits(locale, digits)?;
        let data = data.get();
        let (positive, negative) = match accounting {
            true => (
                data.get_positive_accounting(starts, ends),
                data.get_negative_accounting(starts, ends),
            ),
            false => (
                data.get_positive(starts, ends),
                data.get_negative(starts, ends),
            ),
        };
        Ok(Self::Symbol {
            positive: template(positive, &Piece::Name),
            negative: negative.map(|pattern| template(pattern, &Piece::Name)),
            symbol,
        })
    }

    /// The name that goes with a number, and the text around both.
    pub(super) fn named(&self, number: PluralOperands, rules: &PluralRules) -> (Template, String) {
        match self {
            Self::Symbol {
                positive, symbol, ..
            } => (positive.clone(), symbol.clone()),
            Self::Name {
                code,
                names,
                patterns,
            } => {
                let pattern = patterns.get().get(number, rules);
                let name = names.as_ref().map(|names| names.get().get(number, rules));
                let name = name.map_or_else(|| code.clone(), str::to_owned);
                (template(pattern, &Piece::Name), name)
            }
        }
    }
}

/// The digits of the fraction of a currency.
pub(super) fn currency_digits(code: &str) -> Outcome<u8> {
    let currency = currency_type(code)?;
    let response: DataResponse<CurrencyFractionsV1> = Baked
        .load(DataRequest::default())
        .map_err(no_data("currencies"))?;
    Ok(response.payload.get().resolve(currency).digits)
}

/// The name of a currency, where it has one.
pub(super) fn currency_name(locale: &Locale, code: &str) -> Outcome<Option<String>> {
    currency_type(code)?;
    let name = find::<CurrencyDisplaynameV1>(locale, &code.to_ascii_uppercase());
    Ok(name.map(|name| name.get().to_string()))
}

/// Whether there are words of the language of a locale. Where there are none, data is that of the
/// root of all locales, which writes `+1 d` for tomorrow.
pub(super) fn has_language(locale: &Locale) -> bool {
    let locale = DatetimeRelativeDayLongV1::make_locale(locale.into());
    let request = DataRequest {
        id: DataIdentifierBorrowed::for_locale(&locale),
        ..DataRequest::default()
    };
    let response: Result<DataResponse<DatetimeRelativeDayLongV1>, _> = Baked.load(request);
    let found = response.map(|response| response.metadata.locale);
    found.is_ok_and(|found| !found.unwrap_or(locale).is_unknown())
}

/// How relative time is written.
#[derive(Debug)]
pub(super) struct Relative(RelativeTimeFormatter);

impl Relative {
    pub(super) fn new(
        locale: &Locale,
        unit: RelativeUnit,
        options: &RelativeOptions,
    ) -> Outcome<Self> {
        use RelativeTimeFormatter as F;
        use RelativeUnit as U;
        let make = match (options.width, unit) {
            (Width::Long, U::Second) => F::try_new_long_second,
            (Width::Long, U::Minute) => F::try_new_long_minute,
            (Width::Long, U::Hour) => F::try_new_long_hour,
            (Width::Long, U::Day) => F::try_new_long_day,
            (Width::Long, U::Week) => F::try_new_long_week,
            (Width::Long, U::Month) => F::try_new_long_month,
            (Width::Long, U::Quarter) => F::try_new_long_quarter,
            (Width::Long, U::Year) => F::try_new_long_year,
            (Width::Short, U::Second) => F::try_new_short_second,
            (Width::Short, U::Minute) => F::try_new_short_minute,
            (Width::Short, U::Hour) => F::try_new_short_hour,
            (Width::Short, U::Day) => F::try_new_short_day,
            (Width::Short, U::Week) => F::try_new_short_week,
            (Width::Short, U::Month) => F::try_new_short_month,
            (Width::Short, U::Quarter) => F::try_new_short_quarter,
            (Width::Short, U::Year) => F::try_new_short_year,
            (Width::Narrow, U::Second) => F::try_new_narrow_second,
            (Width::Narrow, U::Minute) => F::try_new_narrow_minute,
            (Width::Narrow, U::Hour) => F::try_new_narrow_hour,
            (Width::Narrow, U::Day) => F::try_new_narrow_day,
            (Width::Narrow, U::Week) => F::try_new_narrow_week,
            (Width::Narrow, U::Month) => F::try_new_narrow_month,
            (Width::Narrow, U::Quarter) => F::try_new_narrow_quarter,
            (Width::Narrow, U::Year) => F::try_new_narrow_year,
        };
        let numeric = match options.words {
            true => Numeric::Auto,
            false => Numeric::Always,
        };
        let options = RelativeTimeFormatterOptions::default().with_numeric(numeric);
        let formatter = make(locale.into(), options).map_err(no_data("relative time"))?;
        Ok(Self(formatter))
    }

    pub(super) fn text(&self, value: Decimal) -> String {
        self.0.format(value).write_to_string().into_owned()
    }

    pub(super) fn parts(&self, value: Decimal) -> Vec<Part> {
        parts::of(&self.0.format(value), PartKind::Literal)
    }
}

/// There is no such unit.
fn unknown_unit(unit: &str) -> Error {
    range_error(format!(
        "unit `{}`: not known; write one such as `kilometer`",
        cut(unit)
    ))
}

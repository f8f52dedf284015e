//! Numbers.

use super::{
    CurrencyDisplay, Grouping, LocaleError, Notation, Part, RoundingMode, SignDisplay, USUAL,
    Width, tags,
};
use crate::bindings::tailor::bff::locale::{NumberOptions, NumberStyle};
use crate::host::locale as host;

/// A number as the host takes it: its digits, none of which is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// A decimal number as text: `-1234.5`, `1e21`.
    pub fn decimal(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self(match value {
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            value => value.to_string(),
        })
    }
}

macro_rules! whole {
    ($($number:ty),*) => {
        $(impl From<$number> for Number {
            fn from(value: $number) -> Self {
                Self(value.to_string())
            }
        })*
    };
}

whole!(i32, i64, u32, u64, usize);

/// How a number is written.
#[derive(Clone, Debug)]
pub struct NumberFormat(NumberOptions);

impl Default for NumberFormat {
    fn default() -> Self {
        Self(NumberOptions {
            locales: Vec::new(),
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
        })
    }
}

impl NumberFormat {
    /// A number alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// A share as percents: 0.25 is `25%`.
    pub fn percent() -> Self {
        Self::new().with(|options| options.style = NumberStyle::Percent)
    }

    /// An amount of a currency, which is a code of ISO 4217.
    pub fn currency(code: &str) -> Self {
        Self::new().with(|options| {
            options.style = NumberStyle::Currency;
            options.currency = Some(code.to_owned());
        })
    }

    /// A measure in a unit: `kilometer`.
    pub fn unit(unit: &str, display: Width) -> Self {
        Self::new().with(|options| {
            options.style = NumberStyle::Unit;
            options.unit = Some(unit.to_owned());
            options.unit_display = Some(display);
        })
    }

    /// With this number of digits in the fraction, at least and at most.
    #[must_use]
    pub fn fraction(self, least: u8, most: u8) -> Self {
        self.with(|options| {
            options.digits.minimum_fraction = Some(least);
            options.digits.maximum_fraction = Some(most);
        })
    }

    /// With this number of significant digits, at least and at most.
    #[must_use]
    pub fn significant(self, least: u8, most: u8) -> Self {
        self.with(|options| {
            options.digits.minimum_significant = Some(least);
            options.digits.maximum_significant = Some(most);
        })
    }

    /// Rounded in this way.
    #[must_use]
    pub fn rounding(self, mode: RoundingMode) -> Self {
        self.with(|options| options.digits.rounding = Some(mode))
    }

    /// With thousands in words: `1.2K`, or `1.2 thousand` where `width` is long.
    #[must_use]
    pub fn compact(self, width: Width) -> Self {
        self.with(|options| {
            options.notation = match width {
                Width::Long => Notation::CompactLong,
                Width::Short | Width::Narrow => Notation::CompactShort,
            };
        })
    }

    /// With digits grouped in this way.
    #[must_use]
    pub fn grouping(self, grouping: Grouping) -> Self {
        self.with(|options| options.grouping = Some(grouping))
    }

    /// With a sign when this says so.
    #[must_use]
    pub fn sign(self, display: SignDisplay) -> Self {
        self.with(|options| options.sign = Some(display))
    }

    /// With the currency written in this way.
    #[must_use]
    pub fn currency_display(self, display: CurrencyDisplay) -> Self {
        self.with(|options| options.currency_display = Some(display))
    }

    /// With negative amounts as accountants write them: `($5.00)`.
    #[must_use]
    pub fn accounting(self) -> Self {
        self.with(|options| options.accounting = true)
    }

    /// The text of a number.
    ///
    /// # Errors
    ///
    /// A locale, the currency, the unit or a number of digits is none, or the host has no names of
    /// the unit.
    pub fn format(
        &self,
        locales: &[&str],
        value: impl Into<Number>,
    ) -> Result<String, LocaleError> {
        host::format_number(value.into().as_str(), &self.options(locales))
    }

    /// The same in parts.
    ///
    /// # Errors
    ///
    /// As [`format`](Self::format).
    pub fn parts(
        &self,
        locales: &[&str],
        value: impl Into<Number>,
    ) -> Result<Vec<Part>, LocaleError> {
        host::number_parts(value.into().as_str(), &self.options(locales))
    }

    pub(super) fn options(&self, locales: &[&str]) -> NumberOptions {
        NumberOptions {
            locales: tags(locales),
            ..self.0.clone()
        }
    }

    fn with(mut self, change: impl FnOnce(&mut NumberOptions)) -> Self {
        change(&mut self.0);
        self
    }
}

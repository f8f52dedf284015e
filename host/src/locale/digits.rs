//! The digits of a number: what a guest writes as text, rounded as it asks.

use fixed_decimal::{Decimal, Sign, SignDisplay, SignedRoundingMode, UnsignedRoundingMode};

use super::contract::{self, Digits, RoundingMode};
use super::{Outcome, range_error};
use crate::text::cut;

/// Bytes of a number's text.
const MAX_NUMBER: usize = 1_000;
/// Digits before and behind the point, as many as a double may have before it.
const MAX_MAGNITUDE: i16 = 1_100;

/// No digits asked for.
pub(super) const USUAL: Digits = Digits {
    minimum_integer: None,
    minimum_fraction: None,
    maximum_fraction: None,
    minimum_significant: None,
    maximum_significant: None,
    rounding: None,
    strip_if_integer: false,
};

/// A number of a guest.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Finite(Decimal),
    Infinite(Sign),
    Nan,
}

/// Reads a number.
pub(super) fn parse(text: &str) -> Outcome<Value> {
    let not_one = || {
        range_error(format!(
            "number `{}`: not one; write it such as `-1234.5`, `1e21`, `NaN` or `Infinity`",
            cut(text)
        ))
    };
    match text {
        "NaN" => return Ok(Value::Nan),
        "Infinity" | "+Infinity" => return Ok(Value::Infinite(Sign::None)),
        "-Infinity" => return Ok(Value::Infinite(Sign::Negative)),
        _ => {}
    }
    if text.len() > MAX_NUMBER {
        return Err(not_one());
    }
    let exponent = text.split_once(['e', 'E']).map(|(_, exponent)| exponent);
    let exponent: i16 = exponent.map_or(Ok(0), str::parse).map_err(|_| not_one())?;
    let mut value = Decimal::try_from_str(text).map_err(|_| not_one())?;
    let start = value.absolute.nonzero_magnitude_start();
    let end = value.absolute.nonzero_magnitude_end();
    if exponent.abs() > MAX_MAGNITUDE || start > MAX_MAGNITUDE || end < -MAX_MAGNITUDE {
        return Err(not_one());
    }
    if value.sign() == Sign::Positive {
        value.set_sign(Sign::None);
    }
    // Zeros that were written say nothing of how many there are to be.
    value.absolute.trim_start();
    value.absolute.trim_end();
    Ok(Value::Finite(value))
}

/// How a number is rounded, every option filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounding {
    pub(super) minimum_integer: u8,
    pub(super) places: Places,
    pub(super) mode: RoundingMode,
    pub(super) strip_if_integer: bool,
}

/// Where it is rounded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Places {
    /// Digits of the fraction, at least and at most.
    Fraction(u8, u8),
    /// Significant digits, likewise.
    Significant(u8, u8),
    /// No fraction, but two digits in all.
    Compact,
}

impl Rounding {
    /// Fills in what is not set. `usual` are the digits of the fraction without a setting; there are
    /// none for numbers whose thousands are written in words.
    pub(super) fn new(digits: &Digits, usual: Option<(u8, u8)>) -> Outcome<Self> {
        let minimum_integer = range("minimum-integer", digits.minimum_integer, 1, 21)?.unwrap_or(1);
        let significant = (
            range("minimum-significant", digits.minimum_significant, 1, 21)?,
            range("maximum-significant", digits.maximum_significant, 1, 21)?,
        );
        let fraction = (
            range("minimum-fraction", digits.minimum_fraction, 0, 100)?,
            range("maximum-fraction", digits.maximum_fraction, 0, 100)?,
        );
        let places = match (significant, fraction, usual) {
            ((None, None), (None, None), None) => Places::Compact,
            ((None, None), (None, None), Some((least, most))) => Places::Fraction(least, most),
            ((None, None), fraction, usual) => {
                let (least, most) = usual.unwrap_or((0, 0));
                let (least, most) = ordered("fraction", fraction, least, most)?;
                Places::Fraction(least, most)
            }
            (significant, ..) => {
                let (least, most) = significant;
                let (least, most) = (least.unwrap_or(1), most.unwrap_or(21));
                if least > most {
                    return Err(disorder("significant"));
                }
                Places::Significant(least, most)
            }
        };
        Ok(Self {
            minimum_integer,
            places,
            mode: digits.rounding.unwrap_or(RoundingMode::HalfExpand),
            strip_if_integer: digits.strip_if_integer,
        })
    }

    /// Rounds a number, and gives it all the zeros that are to be written.
    pub(super) fn apply(&self, value: &mut Decimal) {
        let mode = self.signed_mode();
        let start = value.absolute.nonzero_magnitude_start();
        match self.places {
            Places::Fraction(least, most) => {
                value.round_with_mode(-i16::from(most), mode);
                value.absolute.trim_end();
                value.absolute.pad_end(-i16::from(least));
            }
            Places::Significant(least, most) => {
                value.round_with_mode(start + 1 - i16::from(most), mode);
                value.absolute.trim_end();
                // Rounding up may have made one digit more of it.
                let start = value.absolute.nonzero_magnitude_start();
                value.absolute.pad_end(start + 1 - i16::from(least));
            }
            Places::Compact => {
                value.round_with_mode(if start >= 1 { 0 } else { start - 1 }, mode);
                value.absolute.trim_end();
            }
        }
        value.absolute.trim_start();
        value.absolute.pad_start(i16::from(self.minimum_integer));
        if self.strip_if_integer {
            value.absolute.trim_end_if_integer();
        }
    }

    /// The options that say the same.
    pub(super) fn digits(&self) -> Digits {
        let mut digits = Digits {
            minimum_integer: Some(self.minimum_integer),
            minimum_fraction: None,
            maximum_fraction: None,
            minimum_significant: None,
            maximum_significant: None,
            rounding: Some(self.mode),
            strip_if_integer: self.strip_if_integer,
        };
        match self.places {
            Places::Fraction(least, most) => {
                digits.minimum_fraction = Some(least);
                digits.maximum_fraction = Some(most);
            }
            Places::Significant(least, most) => {
                digits.minimum_significant = Some(least);
                digits.maximum_significant = Some(most);
            }
            Places::Compact => {
                digits.minimum_fraction = Some(0);
                digits.maximum_fraction = Some(0);
                digits.minimum_significant = Some(1);
                digits.maximum_significant = Some(2);
            }
        }
        digits
    }

    fn signed_mode(&self) -> SignedRoundingMode {
        use SignedRoundingMode::{Ceil, Floor, HalfCeil, HalfFloor, Unsigned};
        match self.mode {
            RoundingMode::Ceil => Ceil,
            RoundingMode::Floor => Floor,
            RoundingMode::Expand => Unsigned(UnsignedRoundingMode::Expand),
            RoundingMode::Trunc => Unsigned(UnsignedRoundingMode::Trunc),
            RoundingMode::HalfCeil => HalfCeil,
            RoundingMode::HalfFloor => HalfFloor,
            RoundingMode::HalfExpand => Unsigned(UnsignedRoundingMode::HalfExpand),
            RoundingMode::HalfTrunc => Unsigned(UnsignedRoundingMode::HalfTrunc),
            RoundingMode::HalfEven => Unsigned(UnsignedRoundingMode::HalfEven),
        }
    }
}

/// When a sign is written, in the words of the crate of numbers.
pub(super) fn sign_display(sign: Option<contract::SignDisplay>) -> SignDisplay {
    match sign {
        None | Some(contract::SignDisplay::Auto) => SignDisplay::Auto,
        Some(contract::SignDisplay::Always) => SignDisplay::Always,
        Some(contract::SignDisplay::Never) => SignDisplay::Never,
        Some(contract::SignDisplay::ExceptZero) => SignDisplay::ExceptZero,
        Some(contract::SignDisplay::Negative) => SignDisplay::Negative,
    }
}

fn range(name: &str, number: Option<u8>, least: u8, most: u8) -> Outcome<Option<u8>> {
    match number.filter(|number| !(least..=most).contains(number)) {
        None => Ok(number),
        Some(number) => Err(range_error(format!(
            "digits.{name}: {number} is not from {least} to {most}"
        ))),
    }
}

/// The least and the most digits where perhaps one of them is set.
fn ordered(what: &str, set: (Option<u8>, Option<u8>), least: u8, most: u8) -> Outcome<(u8, u8)> {
    let pair = match set {
        (Some(least), Some(most)) if least > most => return Err(disorder(what)),
        (Some(least), Some(most)) => (least, most),
        (Some(least), None) => (least, most.max(least)),
        (None, Some(most)) => (least.min(most), most),
        (None, None) => (least, most),
    };
    Ok(pair)
}

fn disorder(what: &str) -> super::contract::Error {
    range_error(format!(
        "digits: minimum-{what} is larger than maximum-{what}"
    ))
}

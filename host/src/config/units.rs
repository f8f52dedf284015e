//! Quantities: durations, rates, sizes and counts, read from a value, bounded, and written back for
//! messages.
//!
//! A duration, a rate or a size without its unit is refused, because a reader would have to guess
//! it.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::kind::{Described, Kind, Values};
use super::problem::Fault;
use super::values::show;

const DURATIONS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
pub(super) const LONG_DURATIONS: [(&str, f64); 2] = [("h", 3_600.0), ("d", 86_400.0)];
pub(super) const RATES: [(&str, u64); 3] = [("/s", 1), ("/m", 60), ("/h", 3600)];
pub(super) const SIZES: [(&str, u64); 7] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", KIB),
    ("MiB", MIB),
    ("GiB", GIB),
];

pub(super) const KIB: u64 = 1 << 10;
pub(super) const MIB: u64 = 1 << 20;
pub(super) const GIB: u64 = 1 << 30;

const HOUR: Duration = Duration::from_secs(3_600);

/// The highest count of a rate, whatever time it is for.
pub(super) const MAX_RATE: u64 = 1_000_000;

/// Milliseconds, for bounds and defaults.
pub(super) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A duration such as `"300ms"` or `"1.5s"`. It is 1 ms to 1 h: anything longer is a slip of the
/// unit.
pub(super) fn duration() -> impl Kind<Duration> {
    Described::new(Values::Duration, |value: &DeValue<'_>| {
        let (read, written) = any_duration(value)?;
        if read < ms(1) {
            let what = format!("{written:?} is less than 1ms");
            return Err(Fault::new(what, r#"write at least "1ms""#));
        }
        Ok(read)
    })
}

/// A duration within bounds, which are whole milliseconds.
pub(super) fn duration_within(range: RangeInclusive<Duration>) -> impl Kind<Duration> {
    let values = Values::DurationWithin(range.clone());
    Described::new(values, move |value: &DeValue<'_>| {
        let (read, written) = any_duration(value)?;
        let (low, high) = (range.start(), range.end());
        let show = |bound: &Duration| format!("{}ms", bound.as_millis());
        if read < *low {
            let what = format!("{written:?} is less than {}", show(low));
            let way_out = format!("write at least \"{}\"", show(low));
            return Err(Fault::new(what, way_out));
        }
        if read > *high {
            let what = format!("{written:?} is more than {}", show(high));
            let way_out = format!("write at most \"{}\"", show(high));
            return Err(Fault::new(what, way_out));
        }
        Ok(read)
    })
}

/// A duration that may be `"0s"`, where no time at all has a meaning.
pub(super) fn duration_or_zero() -> impl Kind<Duration> {
    Described::new(Values::DurationOrZero, |value: &DeValue<'_>| {
        let (read, written) = any_duration(value)?;
        if read < ms(1) && !read.is_zero() {
            let what = format!("{written:?} is less than 1ms");
            return Err(Fault::new(what, r#"write "0s", or at least "1ms""#));
        }
        Ok(read)
    })
}

/// A duration up to 1 h, and how it is written.
fn any_duration<'v>(value: &'v DeValue<'_>) -> Result<(Duration, &'v str), Fault> {
    let written = quantity(value, &["ms", "s"])?;
    let shape = r#"write a number and ms, s, m or h, such as "300ms" or "1.5s""#;
    let read = timed(written, &DURATIONS, shape)?;
    match read.filter(|read| *read <= ms(3_600_000)) {
        Some(read) => Ok((read, written)),
        None => {
            let what = format!("{written:?} is more than 1h");
            Err(Fault::new(what, r#"write at most "1h""#))
        }
    }
}

/// A time that is one of hours or days, such as `"7d"`. It is 1 h to 365 d.
pub(super) fn long_duration() -> impl Kind<Duration> {
    Described::new(Values::LongDuration, read_long_duration)
}

fn read_long_duration(value: &DeValue<'_>) -> Result<Duration, Fault> {
    let written = quantity(value, &["h", "d"])?;
    let shape = r#"write a number and h or d, such as "12h" or "7d""#;
    let read = timed(written, &LONG_DURATIONS, shape)?;
    if read.is_some_and(|read| read < HOUR) {
        let what = format!("{written:?} is less than 1h");
        return Err(Fault::new(what, r#"write at least "1h""#));
    }
    read.filter(|read| *read <= HOUR * 24 * 365).ok_or_else(|| {
        let what = format!("{written:?} is more than 365d");
        Fault::new(what, r#"write at most "365d""#)
    })
}

/// The time that a text says in one of these units, which are seconds. `None` when it is longer
/// than any.
fn timed(
    written: &str,
    units: &[(&str, f64)],
    shape: &'static str,
) -> Result<Option<Duration>, Fault> {
    let (number, unit) = split(written);
    let shape = || Fault::new(format!("{written:?} is not a duration"), shape);
    let scale = units.iter().find(|(name, _)| *name == unit);
    let (_, seconds) = scale.ok_or_else(shape)?;
    let number: f64 = number.parse().map_err(|_| shape())?;
    Ok(Duration::try_from_secs_f64(number * seconds).ok())
}

/// A rate such as `"100/s"`: a count, and the time that it is for. A count of an hour that is less
/// than one per second has a meaning, so there are whole numbers only.
pub(super) fn rate() -> impl Kind<(u32, Duration)> {
    Described::new(Values::Rate, read_rate)
}

fn read_rate(value: &DeValue<'_>) -> Result<(u32, Duration), Fault> {
    let written = quantity(value, &["/s", "/m"])?;
    let (number, unit) = split(written);
    let shape = || {
        let way_out = r#"write a whole number and /s, /m or /h, such as "100/s""#;
        Fault::new(format!("{written:?} is not a rate"), way_out)
    };
    let scale = RATES.iter().find(|(name, _)| *name == unit);
    let (unit, seconds) = scale.ok_or_else(shape)?;
    if number.is_empty() || number.contains('.') {
        return Err(shape());
    }
    // A number with more digits than fit is over every bound, and is reported as that.
    let read = number.parse::<u64>().unwrap_or(u64::MAX);
    let render = |bound: u64| format!("\"{bound}{unit}\"");
    let count = bounded(
        i128::from(read),
        &(1..=MAX_RATE),
        &format!("{written:?}"),
        render,
    )?;
    Ok((count, Duration::from_secs(*seconds)))
}

/// A size such as `"64KiB"`, as bytes.
pub(super) fn size<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Kind<T> {
    let values = Values::Size(range.clone());
    Described::new(values, move |value: &DeValue<'_>| read_size(value, &range))
}

fn read_size<T: TryFrom<u64>>(
    value: &DeValue<'_>,
    range: &RangeInclusive<u64>,
) -> Result<T, Fault> {
    let written = quantity(value, &["B", "KiB", "MiB"])?;
    let (number, unit) = split(written);
    let shape = || {
        let way_out =
            r#"write a whole number and B, KiB, MiB or GiB (or KB, MB, GB), such as "64KiB""#;
        Fault::new(format!("{written:?} is not a size"), way_out)
    };
    let scale = SIZES.iter().find(|(name, _)| *name == unit);
    let (_, bytes) = scale.ok_or_else(shape)?;
    if number.is_empty() || number.contains('.') {
        return Err(shape());
    }
    // A number with more digits than fit is over every bound, and is reported as that.
    let read = number
        .parse::<u64>()
        .unwrap_or(u64::MAX)
        .saturating_mul(*bytes);
    bounded(i128::from(read), range, &format!("{written:?}"), show_size)
}

/// A whole number.
pub(super) fn count<T: TryFrom<u64>>(range: RangeInclusive<u64>) -> impl Kind<T> {
    let values = Values::Count(range.clone());
    Described::new(values, move |value: &DeValue<'_>| read_count(value, &range))
}

fn read_count<T: TryFrom<u64>>(
    value: &DeValue<'_>,
    range: &RangeInclusive<u64>,
) -> Result<T, Fault> {
    let DeValue::Integer(integer) = value else {
        let what = format!("{} is not a whole number", show(value));
        let way_out = format!("write a number from {} to {}", range.start(), range.end());
        return Err(Fault::new(what, way_out));
    };
    // What does not fit is over every bound: TOML itself has no such numbers.
    let read = i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX);
    bounded(read, range, &show(value), |bound| bound.to_string())
}

fn bounded<T: TryFrom<u64>>(
    read: i128,
    range: &RangeInclusive<u64>,
    written: &str,
    render: impl Fn(u64) -> String,
) -> Result<T, Fault> {
    let (low, high) = (render(*range.start()), render(*range.end()));
    if read < i128::from(*range.start()) {
        let what = format!("{written} is less than {low}");
        return Err(Fault::new(what, format!("write at least {low}")));
    }
    let read = u64::try_from(read).ok().filter(|read| range.contains(read));
    read.and_then(|read| T::try_from(read).ok()).ok_or_else(|| {
        let what = format!("{written} is more than {high}");
        Fault::new(what, format!("write at most {high}"))
    })
}

/// The text of a quantity, or what is missing: `units` are those that may have been meant.
fn quantity<'v>(value: &'v DeValue<'_>, units: &[&str]) -> Result<&'v str, Fault> {
    let no_unit = |number: &str| {
        let meant: Vec<String> = units
            .iter()
            .map(|unit| format!("\"{number}{unit}\""))
            .collect();
        let way_out = format!("write {}", meant.join(" or "));
        Fault::new(format!("{} has no unit", show(value)), way_out)
    };
    match value {
        DeValue::String(text) if !text.is_empty() && split(text).1.is_empty() => Err(no_unit(text)),
        DeValue::String(text) => Ok(text),
        DeValue::Integer(_) | DeValue::Float(_) => Err(no_unit(&show(value))),
        _ => {
            let what = format!("{} is not a quantity", show(value));
            let way_out = format!(
                "write a number and its unit in quotes, such as \"100{}\"",
                units[0]
            );
            Err(Fault::new(what, way_out))
        }
    }
}

/// The number in front, as far as digits and points go, and the rest.
fn split(written: &str) -> (&str, &str) {
    let end = written.find(|c: char| !c.is_ascii_digit() && c != '.');
    written.split_at(end.unwrap_or(written.len()))
}

/// A duration as it would be written in the file.
pub fn show_duration(duration: Duration) -> String {
    let millis = duration.as_micros() as f64 / 1_000.0;
    for (unit, scale) in [("h", 3_600_000.0), ("m", 60_000.0), ("s", 1_000.0)] {
        if millis % scale == 0.0 {
            return format!("{}{unit}", millis / scale);
        }
    }
    format!("{millis}ms")
}

/// A size as it would be written in the file.
pub fn show_size(bytes: u64) -> String {
    for (unit, scale) in [("GiB", GIB), ("MiB", MIB), ("KiB", KIB)] {
        if bytes > 0 && bytes.is_multiple_of(scale) {
            return format!("{}{unit}", bytes / scale);
        }
    }
    format!("{bytes}B")
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = |f: &mut fmt::Formatter<'_>, least: String, most: String| {
            let ((least, unit), (most, most_unit)) = (split(&least), split(&most));
            write!(f, "{least} {unit} to {most} {most_unit}")
        };
        match self {
            Self::Count(range) => write!(f, "{} to {}", range.start(), range.end()),
            Self::Size(range) => between(f, show_size(*range.start()), show_size(*range.end())),
            Self::Duration => f.write_str("duration"),
            Self::DurationOrZero => f.write_str(r#"duration or `"0s"`"#),
            Self::DurationWithin(range) => between(
                f,
                show_duration(*range.start()),
                show_duration(*range.end()),
            ),
            Self::LongDuration => f.write_str("1 h to 365 d"),
            Self::Rate => f.write_str("rate"),
            Self::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                f.write_str(&words.join(", "))
            }
            Self::ListOf(item) => write!(f, "list of {item}"),
        }
    }
}

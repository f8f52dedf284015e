//! Patterns of dates (`d. MMMM y`): the width of each field, as it is asked for and as it is.
//!
//! The formatters know lengths of whole dates. A field of another width than the length has is
//! adjusted in the pattern, in the manner of ECMA-402: text stays text, and a number stays one.

use icu_locale::Locale;

use super::super::contract::{DateOptions, DigitWidth, HourCycle, MonthFormat, Width, ZoneName};
use super::fields::Fields;
use super::widths;

/// A piece of a pattern: a field with its width, or text as it stands.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Field(char, usize),
    Text(&'a str),
}

/// The pieces of a pattern. Text in quotes is one piece with its quotes.
fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (piece, size) = if first == '\'' {
            let inner = &rest[1..];
            let size = inner.find('\'').map_or(rest.len(), |end| end + 2);
            (Piece::Text(&rest[..size]), size)
        } else if first.is_ascii_alphabetic() {
            let others = rest.find(|character| character != first);
            let size = others.unwrap_or(rest.len());
            (Piece::Field(first, size), size)
        } else {
            let is_text = |character: char| character == '\'' || character.is_ascii_alphabetic();
            let size = rest.find(is_text).unwrap_or(rest.len());
            (Piece::Text(&rest[..size]), size)
        };
        pieces.push(piece);
        rest = &rest[size..];
    }
    pieces
}

/// Whether a pattern has a month in words.
pub(super) fn names_month(pattern: &str) -> bool {
    let is_name = |piece: &Piece<'_>| matches!(piece, Piece::Field('M' | 'L', width) if *width > 2);
    pieces(pattern).iter().any(is_name)
}

/// The pattern with the widths that are asked for.
pub(super) fn adjusted(pattern: &str, fields: &Fields, locale: &Locale) -> String {
    let options = &fields.options;
    let usual = Usual::of(pattern, options, locale);
    let mut text = String::with_capacity(pattern.len() + 8);
    for piece in pieces(pattern) {
        match piece {
            // A year within quotes is a mistake in the data of Portuguese.
            Piece::Text(part) if part.starts_with('\'') && part.contains(" Y") => {
                text.push_str(&part.replace(" Y", " 'y'").replace("''", ""));
            }
            Piece::Text(part) => text.push_str(part),
            // The year of weeks is a mistake in the data of some languages.
            Piece::Field('Y', width) => text.extend(std::iter::repeat_n('y', width)),
            Piece::Field(symbol, of_pattern) => {
                let width = asked(symbol, of_pattern, options).or_else(|| usual.width(symbol));
                let width = width.unwrap_or(of_pattern);
                text.extend(std::iter::repeat_n(symbol, width));
            }
        }
    }
    text
}

/// Widths that a language has where nobody asks for one.
struct Usual {
    date: Option<(usize, usize)>,
    hours: Option<usize>,
}

impl Usual {
    fn of(pattern: &str, options: &DateOptions, locale: &Locale) -> Self {
        let has = |symbol| {
            let is_number = |piece: &Piece<'_>| matches!(piece, Piece::Field(of, width) if *of == symbol && *width <= 2);
            pieces(pattern).iter().any(is_number)
        };
        let is_date = options.date_style.is_none() && has('d') && (has('M') || has('L'));
        let is_date = is_date && options.year.is_some();
        Self {
            date: widths::of_date(locale).filter(|_| is_date),
            hours: widths::of_hours(locale),
        }
    }

    fn width(&self, symbol: char) -> Option<usize> {
        match symbol {
            'd' => self.date.map(|(day, _)| day),
            'M' | 'L' => self.date.map(|(_, month)| month),
            'h' | 'H' => self.hours,
            _ => None,
        }
    }
}

/// The width that a field is to have, where that is another one.
fn asked(symbol: char, width: usize, options: &DateOptions) -> Option<usize> {
    let digits = |asked: Option<DigitWidth>| match asked? {
        DigitWidth::TwoDigit => Some(2),
        DigitWidth::Numeric => None,
    };
    let is_number = width <= 2;
    match symbol {
        'y' => digits(options.year),
        'd' => digits(options.day),
        'h' | 'H' | 'K' | 'k' => digits(options.hour),
        'M' | 'L' => match (options.month?, is_number) {
            (MonthFormat::TwoDigit, true) => Some(2),
            (MonthFormat::Short, false) => Some(3),
            (MonthFormat::Long, false) => Some(4),
            (MonthFormat::Narrow, false) => Some(5),
            _ => None,
        },
        'E' | 'c' => options.weekday.map(text_width),
        'G' => options.era.map(text_width),
        'B' => options.day_period.map(text_width),
        _ => None,
    }
}

fn text_width(width: Width) -> usize {
    match width {
        Width::Short => 3,
        Width::Long => 4,
        Width::Narrow => 5,
    }
}

/// The options that say what a pattern has. Styles stay styles.
pub(super) fn resolved(pattern: &str, asked: &DateOptions) -> DateOptions {
    let styled = asked.date_style.is_some() || asked.time_style.is_some();
    let mut options = DateOptions {
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
        ..asked.clone()
    };
    for piece in pieces(pattern) {
        let Piece::Field(symbol, width) = piece else {
            continue;
        };
        if let Some(cycle) = hour_cycle(symbol) {
            options.hour_cycle = Some(cycle);
            options.hour12 = Some(matches!(cycle, HourCycle::H11 | HourCycle::H12));
        }
        if styled {
            continue;
        }
        let digits = Some(match width {
            2 => DigitWidth::TwoDigit,
            _ => DigitWidth::Numeric,
        });
        match symbol {
            'G' => options.era = Some(width_of(width)),
            'y' => options.year = digits,
            'M' | 'L' => {
                options.month = Some(match width {
                    1 => MonthFormat::Numeric,
                    2 => MonthFormat::TwoDigit,
                    3 => MonthFormat::Short,
                    4 => MonthFormat::Long,
                    _ => MonthFormat::Narrow,
                });
            }
            'E' | 'c' => options.weekday = Some(width_of(width)),
            'd' => options.day = digits,
            'B' => options.day_period = Some(width_of(width)),
            'h' | 'H' | 'K' | 'k' => options.hour = digits,
            'm' => options.minute = digits,
            's' => options.second = digits,
            'z' | 'O' | 'v' => options.time_zone_name = Some(zone_name(symbol, width)),
            _ => {}
        }
    }
    if !styled {
        options.fractional_second_digits = asked.fractional_second_digits;
    }
    options
}

fn hour_cycle(symbol: char) -> Option<HourCycle> {
    match symbol {
        'h' => Some(HourCycle::H12),
        'H' => Some(HourCycle::H23),
        'K' => Some(HourCycle::H11),
        'k' => Some(HourCycle::H24),
        _ => None,
    }
}

fn width_of(width: usize) -> Width {
    match width {
        4 => Width::Long,
        5 => Width::Narrow,
        _ => Width::Short,
    }
}

fn zone_name(symbol: char, width: usize) -> ZoneName {
    match (symbol, width >= 4) {
        ('z', false) => ZoneName::Short,
        ('z', true) => ZoneName::Long,
        ('O', false) => ZoneName::ShortOffset,
        ('O', true) => ZoneName::LongOffset,
        (_, false) => ZoneName::ShortGeneric,
        (_, true) => ZoneName::LongGeneric,
    }
}

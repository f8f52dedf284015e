//! Which fields of a date are asked for, in the words of the formatters.

use icu_datetime::fieldbag::DateTimeFieldBag;
use icu_datetime::fieldbag::field;
use icu_datetime::fieldsets::builder::{DateFields, FieldSetBuilder, ZoneStyle};
use icu_datetime::fieldsets::enums::CompositeFieldSet;
use icu_datetime::options::{Length, TimePrecision};

use super::super::contract::{DateOptions, DateStyle, DigitWidth, MonthFormat, Width, ZoneName};
use super::super::{Outcome, range_error, unsupported};

/// The fields of a date, and how wide each is.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) set: CompositeFieldSet,
    pub(super) options: DateOptions,
}

impl Fields {
    /// Those of the date alone.
    pub(super) fn date(&self) -> CompositeFieldSet {
        self.date_bag().to_composite_field_set()
    }

    /// Those of the date with a long month, where a short one is asked for.
    pub(super) fn with_long_month(&self) -> Option<CompositeFieldSet> {
        let is_short = matches!(
            self.options.month,
            Some(MonthFormat::Short | MonthFormat::Narrow)
        );
        let mut bag = self.date_bag();
        bag.month = Some(field::Month::Long);
        is_short.then(|| bag.to_composite_field_set())
    }

    fn date_bag(&self) -> DateTimeFieldBag {
        let mut bag = bag(&self.options);
        bag.hour = None;
        bag.minute = None;
        bag.second = None;
        bag.fractional_second_digits = None;
        bag.day_period = None;
        bag.time_zone_name = None;
        bag
    }
}

/// The fields of options.
pub(super) fn of(options: &DateOptions) -> Outcome<Fields> {
    let single = has_date(options) || has_time(options) || options.time_zone_name.is_some();
    let styled = options.date_style.is_some() || options.time_style.is_some();
    if let Some(digits) = options.fractional_second_digits
        && !(1..=3).contains(&digits)
    {
        return Err(range_error(format!(
            "fractional-second-digits: {digits} is not from 1 to 3"
        )));
    }
    if single && styled {
        return Err(range_error(
            "date-style and time-style: no other field can be set beside them; set all fields, or \
             a style",
        ));
    }
    let mut options = options.clone();
    if !styled && !has_date(&options) && !has_time(&options) {
        options.year = Some(DigitWidth::Numeric);
        options.month = Some(MonthFormat::Numeric);
        options.day = Some(DigitWidth::Numeric);
    }
    let set = match styled {
        true => of_styles(&options),
        false => Ok(bag(&options).to_composite_field_set()),
    };
    Ok(Fields { set: set?, options })
}

fn has_date(options: &DateOptions) -> bool {
    let texts = options.weekday.is_some() || options.era.is_some() || options.month.is_some();
    texts || options.year.is_some() || options.day.is_some()
}

fn has_time(options: &DateOptions) -> bool {
    let parts = options.hour.is_some() || options.minute.is_some() || options.second.is_some();
    parts || options.fractional_second_digits.is_some() || options.day_period.is_some()
}

/// The pattern of minutes and seconds alone, which the formatters always put behind hours.
pub(super) fn without_hours(fields: &Fields) -> Option<Outcome<String>> {
    let options = &fields.options;
    let has_hours = options.hour.is_some() || options.day_period.is_some();
    if has_hours || !has_time(options) {
        return None;
    }
    if has_date(options) || options.time_zone_name.is_some() {
        return Some(Err(unsupported(
            "minutes or seconds without hours beside a date or a zone: set `hour`, too",
        )));
    }
    let fraction = |digits: u8| ".".to_owned() + &"S".repeat(digits.into());
    let fraction = options.fractional_second_digits.map(fraction);
    let fraction = fraction.unwrap_or_default();
    let pattern = match (options.minute, options.second) {
        (Some(_), Some(_)) => format!("mm:ss{fraction}"),
        (Some(_), None) => "m".to_owned(),
        (None, _) => format!("s{fraction}"),
    };
    Some(Ok(pattern))
}

fn of_styles(options: &DateOptions) -> Outcome<CompositeFieldSet> {
    let mut builder = FieldSetBuilder::new();
    // A time alone has no length of its own.
    builder.length = Some(match options.date_style {
        Some(DateStyle::Full | DateStyle::Long) => Length::Long,
        Some(DateStyle::Medium) | None => Length::Medium,
        Some(DateStyle::Short) => Length::Short,
    });
    builder.date_fields = options.date_style.map(|style| match style {
        DateStyle::Full => DateFields::YMDE,
        _ => DateFields::YMD,
    });
    builder.time_precision = options.time_style.map(|style| match style {
        DateStyle::Short => TimePrecision::Minute,
        _ => TimePrecision::Second,
    });
    builder.zone_style = options.time_style.and_then(|style| match style {
        DateStyle::Full => Some(ZoneStyle::SpecificLong),
        DateStyle::Long => Some(ZoneStyle::SpecificShort),
        DateStyle::Medium | DateStyle::Short => None,
    });
    let set = builder.build_composite();
    set.map_err(|error| unsupported(format!("date-style and time-style: {error}")))
}

/// Numbers are asked for without zeros in front: where a language has zeros nevertheless, they
/// stay, and where two digits are asked for, the pattern is adjusted.
fn bag(options: &DateOptions) -> DateTimeFieldBag {
    let mut bag = DateTimeFieldBag::default();
    bag.era = options.era.map(|width| match width {
        Width::Long => field::Era::Long,
        Width::Short => field::Era::Short,
        Width::Narrow => field::Era::Narrow,
    });
    bag.year = options.year.map(|_| field::Year::Numeric);
    bag.month = options.month.map(|month| match month {
        MonthFormat::Numeric | MonthFormat::TwoDigit => field::Month::Numeric,
        MonthFormat::Long => field::Month::Long,
        MonthFormat::Short | MonthFormat::Narrow => field::Month::Short,
    });
    bag.day = options.day.map(|_| field::Day::Numeric);
    bag.weekday = options.weekday.map(|width| match width {
        Width::Long => field::Weekday::Long,
        Width::Short | Width::Narrow => field::Weekday::Short,
    });
    bag.day_period = options.day_period.map(|width| match width {
        Width::Long => field::DayPeriod::FlexibleLong,
        Width::Short => field::DayPeriod::FlexibleShort,
        Width::Narrow => field::DayPeriod::FlexibleNarrow,
    });
    bag.hour = options.hour.map(|_| field::Hour::Numeric);
    bag.minute = options.minute.map(|_| field::Minute::TwoDigit);
    bag.second = options.second.map(|_| field::Second::TwoDigit);
    bag.fractional_second_digits = options.fractional_second_digits.map(|digits| match digits {
        1 => field::FractionalSecondDigits::F1,
        2 => field::FractionalSecondDigits::F2,
        _ => field::FractionalSecondDigits::F3,
    });
    bag.time_zone_name = options.time_zone_name.map(|name| match name {
        ZoneName::Short => field::TimeZoneName::ShortSpecific,
        ZoneName::Long => field::TimeZoneName::LongSpecific,
        ZoneName::ShortOffset => field::TimeZoneName::ShortOffset,
        ZoneName::LongOffset => field::TimeZoneName::LongOffset,
        ZoneName::ShortGeneric => field::TimeZoneName::ShortGeneric,
        ZoneName::LongGeneric => field::TimeZoneName::LongGeneric,
    });
    bag
}

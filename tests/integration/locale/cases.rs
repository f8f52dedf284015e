//! The cases of `golden/locale.json`, and what the host makes of each.

use serde_json::Value;
use tailor::locale::contract::{
    CollationOptions, CurrencyDisplay, DateOptions, DateStyle, DigitWidth, Digits, LetterCase,
    ListKind, ListOptions, MonthFormat, NameKind, NameOptions, Notation, NumberOptions,
    NumberStyle, PluralCategory, PluralOptions, RelativeOptions, RelativeUnit, Sensitivity,
    SignDisplay, Width, ZoneName,
};
use tailor::locale::{self, Caller};

/// A question to `Intl`, with Node's answer.
pub struct Case {
    pub what: String,
    pub locale: String,
    pub options: Value,
    pub value: Value,
    pub text: String,
}

const CALLER: Caller<'_> = Caller {
    bff: "cases",
    formatters: 16,
};

/// All cases of the file.
pub fn all() -> Vec<Case> {
    let rows: Vec<(String, String, Value, Value, String)> =
        serde_json::from_str(include_str!("../golden/locale.json")).unwrap();
    let case = |(what, locale, options, value, text)| Case {
        what,
        locale,
        options,
        value,
        text,
    };
    rows.into_iter().map(case).collect()
}

impl Case {
    /// A question without a value.
    pub fn new(what: &str, locale: &str, options: &str) -> Self {
        Self {
            what: what.to_owned(),
            locale: locale.to_owned(),
            options: serde_json::from_str(options).unwrap(),
            value: Value::Null,
            text: String::new(),
        }
    }

    /// The case as it is in the file.
    pub fn row(&self) -> Value {
        serde_json::json!([self.what, self.locale, self.options, self.value, self.text])
    }

    /// What the host makes of it, and of a refusal the words.
    pub fn answer(&self) -> String {
        let outcome = match self.what.as_str() {
            "date" => locale::format_date(CALLER, self.value.as_i64().unwrap(), self.date()),
            "number" => locale::format_number(CALLER, &self.value.to_string(), self.number()),
            "relative" => self.relative(),
            "list" => locale::format_list(CALLER, &self.items(), self.list()),
            "plural" => self.plural(),
            "sort" => self.sort(),
            "name" => self.name(),
            "upper" => {
                let text = self.value.as_str().unwrap();
                locale::change_case(text, LetterCase::Uppercase, &self.locales())
            }
            what => panic!("{what}"),
        };
        outcome.unwrap_or_else(|refused| format!("{:?}: {}", refused.kind, refused.detail))
    }

    fn locales(&self) -> Vec<String> {
        vec![self.locale.clone()]
    }

    fn items(&self) -> Vec<String> {
        serde_json::from_value(self.value.clone()).unwrap()
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options[name].as_str()
    }

    fn small(&self, name: &str) -> Option<u8> {
        self.options[name].as_u64()?.try_into().ok()
    }

    fn width(&self, name: &str) -> Option<Width> {
        self.option(name).map(width)
    }

    fn digits_of(&self, name: &str) -> Option<DigitWidth> {
        self.option(name).map(|width| match width {
            "2-digit" => DigitWidth::TwoDigit,
            _ => DigitWidth::Numeric,
        })
    }

    pub fn date(&self) -> DateOptions {
        let style = |name| {
            self.option(name).map(|style| match style {
                "full" => DateStyle::Full,
                "long" => DateStyle::Long,
                "medium" => DateStyle::Medium,
                _ => DateStyle::Short,
            })
        };
        DateOptions {
            locales: self.locales(),
            time_zone: self.option("timeZone").unwrap_or("UTC").to_owned(),
            date_style: style("dateStyle"),
            time_style: style("timeStyle"),
            weekday: self.width("weekday"),
            era: self.width("era"),
            year: self.digits_of("year"),
            month: self.option("month").map(|month| match month {
                "numeric" => MonthFormat::Numeric,
                "2-digit" => MonthFormat::TwoDigit,
                "long" => MonthFormat::Long,
                "short" => MonthFormat::Short,
                _ => MonthFormat::Narrow,
            }),
            day: self.digits_of("day"),
            day_period: self.width("dayPeriod"),
            hour: self.digits_of("hour"),
            minute: self.digits_of("minute"),
            second: self.digits_of("second"),
            fractional_second_digits: self.small("fractionalSecondDigits"),
            time_zone_name: self.option("timeZoneName").map(|name| match name {
                "short" => ZoneName::Short,
                _ => ZoneName::LongOffset,
            }),
            hour12: self.options["hour12"].as_bool(),
            hour_cycle: None,
            numbering_system: None,
        }
    }

    fn digits(&self) -> Digits {
        Digits {
            minimum_integer: None,
            minimum_fraction: self.small("minimumFractionDigits"),
            maximum_fraction: self.small("maximumFractionDigits"),
            minimum_significant: None,
            maximum_significant: self.small("maximumSignificantDigits"),
            rounding: None,
            strip_if_integer: false,
        }
    }

    pub fn number(&self) -> NumberOptions {
        NumberOptions {
            locales: self.locales(),
            style: match self.option("style") {
                Some("percent") => NumberStyle::Percent,
                Some("currency") => NumberStyle::Currency,
                Some("unit") => NumberStyle::Unit,
                _ => NumberStyle::Decimal,
            },
            currency: self.option("currency").map(str::to_owned),
            currency_display: self.option("currencyDisplay").map(|display| match display {
                "code" => CurrencyDisplay::Code,
                "name" => CurrencyDisplay::Name,
                _ => CurrencyDisplay::NarrowSymbol,
            }),
            accounting: false,
            unit: self.option("unit").map(str::to_owned),
            unit_display: self.width("unitDisplay"),
            notation: match (self.option("notation"), self.option("compactDisplay")) {
                (None, _) => Notation::Standard,
                (_, None) => Notation::CompactShort,
                (_, Some(_)) => Notation::CompactLong,
            },
            digits: self.digits(),
            grouping: match self.options["useGrouping"].as_bool() {
                Some(false) => Some(tailor::locale::contract::Grouping::Never),
                _ => None,
            },
            sign: self.option("signDisplay").map(|_| SignDisplay::ExceptZero),
            numbering_system: None,
        }
    }

    fn relative(&self) -> Result<String, locale::contract::Error> {
        let unit = match self.option("unit").unwrap() {
            "day" => RelativeUnit::Day,
            "hour" => RelativeUnit::Hour,
            "month" => RelativeUnit::Month,
            "week" => RelativeUnit::Week,
            _ => RelativeUnit::Second,
        };
        let options = RelativeOptions {
            locales: self.locales(),
            width: self.width("style").unwrap_or(Width::Long),
            words: self.option("numeric") == Some("auto"),
            numbering_system: None,
        };
        locale::format_relative(CALLER, &self.value.to_string(), unit, options)
    }

    pub fn list(&self) -> ListOptions {
        ListOptions {
            locales: self.locales(),
            kind: match self.option("type") {
                Some("disjunction") => ListKind::Disjunction,
                Some("unit") => ListKind::Unit,
                _ => ListKind::Conjunction,
            },
            width: self.width("style").unwrap_or(Width::Long),
        }
    }

    fn plural(&self) -> Result<String, locale::contract::Error> {
        let options = PluralOptions {
            locales: self.locales(),
            ordinal: self.option("type") == Some("ordinal"),
            digits: self.digits(),
        };
        let name = |category| match category {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        };
        let category = locale::select_plural(CALLER, &self.value.to_string(), options)?;
        Ok(name(category).to_owned())
    }

    fn sort(&self) -> Result<String, locale::contract::Error> {
        let options = CollationOptions {
            locales: self.locales(),
            sensitivity: match self.option("sensitivity") {
                Some(_) => Sensitivity::Base,
                None => Sensitivity::Variant,
            },
            numeric: self.options["numeric"].as_bool(),
            case_first: None,
            ignore_punctuation: None,
        };
        let items = self.items();
        let order = locale::sort(CALLER, &items, options)?;
        let sorted: Vec<&str> = order.iter().map(|at| &*items[*at as usize]).collect();
        Ok(sorted.join(" | "))
    }

    fn name(&self) -> Result<String, locale::contract::Error> {
        let options = NameOptions {
            locales: self.locales(),
            kind: match self.option("type").unwrap() {
                "region" => NameKind::Region,
                "language" => NameKind::Language,
                "script" => NameKind::Script,
                _ => NameKind::Currency,
            },
            width: Width::Long,
            dialect: self.option("languageDisplay").is_none(),
        };
        let name = locale::display_name(self.value.as_str().unwrap(), &options)?;
        Ok(name.unwrap_or_default())
    }
}

fn width(width: &str) -> Width {
    match width {
        "long" => Width::Long,
        "short" => Width::Short,
        _ => Width::Narrow,
    }
}

/// A text whose kinds of spaces do not count.
pub fn folded(text: &str) -> String {
    let space = |character: char| match character {
        '\u{a0}' | '\u{2009}' | '\u{202f}' => ' ',
        character => character,
    };
    text.chars().map(space).collect()
}

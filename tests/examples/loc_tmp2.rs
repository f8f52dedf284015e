#![allow(missing_docs, clippy::all, dead_code)]
use tailor::locale::contract::*;
use tailor::locale::{self, Caller};
fn main() {
    let none = DateOptions { locales: vec![], time_zone: "UTC".into(), date_style: None, time_style: None, weekday: None, era: None, year: None, month: None, day: None, day_period: None, hour: None, minute: None, second: None, fractional_second_digits: None, time_zone_name: None, hour12: None, hour_cycle: None, numbering_system: None };
    for tag in std::env::args().skip(1) {
        let c = Caller { bff: "x", formatters: 4 };
        let d = locale::format_date(c, 1767596709087, DateOptions { locales: vec![tag.clone()], ..none.clone() });
        let h = locale::format_date(c, 1767596709087, DateOptions { locales: vec![tag.clone()], hour: Some(DigitWidth::Numeric), minute: Some(DigitWidth::Numeric), ..none.clone() });
        println!("{tag}\t{}\t{}", d.unwrap_or_default(), h.unwrap_or_default());
    }
}

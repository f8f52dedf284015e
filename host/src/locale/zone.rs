//! Time zones: their names and what local time is in them.

use std::cell::RefCell;
use std::collections::HashMap;

use icu_time::TimeZone as ZoneId;
use icu_time::zone::UtcOffset;
use icu_time::zone::iana::IanaParserExtended;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

use super::contract;
use super::{Outcome, named, range_error};
use crate::text::cut;

/// Zones that a thread keeps, of some 450. A BFF that asks for all of them has them read again.
const MAX_KEPT: usize = 64;

/// A time zone by its name.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    /// As IANA has it, in the case that it has there.
    pub(super) name: String,
    /// What its names are found by.
    pub(super) id: ZoneId,
    rules: TimeZone,
}

thread_local! {
    /// The rules that come with the program, so that all hosts of a version agree.
    static RULES: TimeZoneDatabase = TimeZoneDatabase::bundled();
    static KEPT: RefCell<HashMap<String, Zone>> = RefCell::default();
}

/// The zone of a name in any case, or of an offset.
pub(super) fn find(name: &str) -> Outcome<Zone> {
    named("time zone", name)?;
    if let Some(zone) = KEPT.with_borrow(|kept| kept.get(name).cloned()) {
        return Ok(zone);
    }
    let zone = match name.starts_with(['+', '-']) {
        true => fixed(name),
        false => of_iana(name),
    };
    let zone = zone.ok_or_else(|| {
        range_error(format!(
            "time zone `{}`: not known; write a name of IANA such as `Europe/Berlin`, or an offset \
             such as `+01:00`",
            cut(name)
        ))
    })?;
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(name.to_owned(), zone.clone());
    });
    Ok(zone)
}

fn of_iana(name: &str) -> Option<Zone> {
    let found = IanaParserExtended::new().parse(name);
    if found.time_zone == ZoneId::UNKNOWN {
        return None;
    }
    let rules = |name: &str| RULES.with(|rules| rules.get(name)).ok();
    // A name may be newer in one of the two sets of data than in the other.
    let rules = rules(found.normalized).or_else(|| rules(found.canonical))?;
    let is_utc = ["Etc/UTC", "UTC", "Etc/GMT", "GMT"].contains(&found.canonical);
    Some(Zone {
        name: match is_utc {
            true => "UTC".to_owned(),
            false => found.normalized.to_owned(),
        },
        id: found.time_zone,
        rules,
    })
}

/// An offset of hours and minutes: `+01:00`, `+0100`, `+01`.
fn fixed(name: &str) -> Option<Zone> {
    let seconds = UtcOffset::try_from_str(name).ok()?.to_seconds();
    let minutes = seconds / 60;
    if seconds % 60 != 0 || minutes.abs() >= 24 * 60 {
        return None;
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    Some(Zone {
        name: format!("{sign}{hours:02}:{rest:02}"),
        id: ZoneId::UNKNOWN,
        rules: TimeZone::fixed(Offset::from_seconds(seconds).ok()?),
    })
}

/// All names, the one of each zone that is preferred.
pub(super) fn names() -> Vec<String> {
    let all = IanaParserExtended::new();
    let known = all.iter().filter(|zone| zone.time_zone != ZoneId::UNKNOWN);
    let mut names: Vec<String> = known.map(|zone| zone.canonical.to_owned()).collect();
    names.sort_unstable();
    names
}

impl Zone {
    /// What local time is ahead of UTC, seconds.
    pub(super) fn offset_s(&self, at_ms: i64) -> Outcome<i32> {
        Ok(self.rules.to_offset(instant(at_ms)?).seconds())
    }
}

fn instant(at_ms: i64) -> Outcome<Timestamp> {
    Timestamp::from_millisecond(at_ms).map_err(|_| {
        range_error(format!(
            "time {at_ms}: not in the years -9999 to 9999; pass milliseconds since 1970"
        ))
    })
}

/// The offset of a zone, and which day it is there.
///
/// # Errors
///
/// When there is no such zone, or no such time.
pub fn zone_at(name: &str, at_ms: i64) -> Outcome<contract::Zone> {
    let zone = find(name)?;
    let local = instant(at_ms)?.to_zoned_datetime(zone.rules.clone());
    let edge = |_| range_error(format!("time {at_ms}: too near to the end of time"));
    let begins = local.start_of_day().map_err(edge)?;
    let next = local.date().checked_add(1.day()).map_err(edge)?;
    let ends = next.to_zoned_datetime(zone.rules.clone()).map_err(edge)?;
    Ok(contract::Zone {
        offset_s: local.offset().seconds(),
        today: local.date().to_string(),
        day_begins_ms: begins.timestamp().as_millisecond(),
        day_ends_ms: ends.timestamp().as_millisecond(),
        name: zone.name,
    })
}

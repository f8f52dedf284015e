//! What is left out of a report, since the live version differs there from itself as well.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{LeftOut, Report};
use crate::shadow::difference::{Kind, Place};
use crate::shadow::noise::{Row, Share};

impl Report {
    /// Which differences say nothing there.
    pub(super) fn left_out(&self, place: &(Place, Kind)) -> LeftOut {
        let Some(counted) = self.places.get(place) else {
            return LeftOut::None;
        };
        let of_all = Share {
            times: counted.times,
            of: self.runs - self.uncompared,
        };
        let of_other_time = Share {
            times: counted.of_other_time,
            of: self.other_times,
        };
        match () {
            () if self.noise.share(place).explains(of_all) => LeftOut::All,
            () if self.noise.share_in_time(place).explains(of_other_time) => LeftOut::OfOtherTime,
            () => LeftOut::None,
        }
    }

    /// In how many runs a difference there says nothing.
    pub(super) fn times_left_out(&self, place: &(Place, Kind)) -> u64 {
        let counted = self.places.get(place);
        counted.map_or(0, |counted| match self.left_out(place) {
            LeftOut::All => counted.times,
            LeftOut::OfOtherTime => counted.of_other_time,
            LeftOut::None => 0,
        })
    }

    /// Whether a run that was told another time differs there.
    fn has_other_time(&self, place: &(Place, Kind)) -> bool {
        let kinds = match place.1 {
            Kind::Added => &[Kind::Added, Kind::Missing][..],
            _ => &[place.1],
        };
        kinds.iter().any(|kind| {
            let counted = self.places.get(&(place.0.clone(), *kind));
            counted.is_some_and(|it| it.of_other_time > 0)
        })
    }

    /// Where the live version differs from itself, how often, and what is left out for that.
    pub(super) fn noise_rows(&self) -> Value {
        let mut left_out: BTreeMap<Row, u64> = BTreeMap::new();
        for place in self.places.keys() {
            let row = self.noise.row_of(place);
            *left_out.entry(row).or_default() += self.times_left_out(place);
        }
        let rows = self.noise.rows(|place| self.has_other_time(place));
        let rows = rows.iter().map(|(row @ (place, kind), share)| {
            json!({
                "place": place,
                "kind": kind,
                "of_live": share.times,
                "runs_of_live": share.of,
                "left_out": left_out.get(row).copied().unwrap_or(0),
            })
        });
        rows.collect()
    }
}

//! Calls of all BFFs together, and the profiles that a BFF picks from.

use std::collections::BTreeMap;

use super::{Bound, Context};
use crate::config::field::Field;
use crate::config::raw::{RawCalls, RawProfile};
use crate::config::{Calls, Profile};

pub(super) fn calls(raw: &RawCalls) -> Calls {
    let default = Calls::default();
    Calls {
        max_in_flight: raw.max_in_flight.or(default.max_in_flight),
        optional_share: raw.optional_share.or(default.optional_share),
    }
}

pub(super) fn profiles(cx: &mut Context<'_>) -> BTreeMap<String, Profile> {
    cx.file
        .profiles
        .iter()
        .map(|raw| (raw.name.clone(), profile(raw, cx)))
        .collect()
}

fn profile(raw: &RawProfile, cx: &mut Context<'_>) -> Profile {
    // Without a timeout of its own, that of the service bounds the others, and which service is not
    // known here.
    if let Field::Written(timeout) = &raw.timeout {
        let key = format!("profile.{}.timeout", raw.name);
        let total = Bound::new(key, &raw.timeout, timeout.value);
        cx.check_within(&raw.first_byte_timeout, &total);
        cx.check_within(&raw.queue_timeout, &total);
    }
    Profile {
        timeout: raw.timeout.value(),
        first_byte_timeout: raw.first_byte_timeout.value(),
        queue_timeout: raw.queue_timeout.value(),
        retries: raw.retries.value(),
        hedge: raw.hedge.value(),
        optional: raw.optional.value(),
    }
}

//! Answers of last resort: each has a body that is what its type says.

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::de::IgnoredAny;

use crate::config::Fallback;
use crate::config::check::Context;
use crate::config::field::{Field, Located};
use crate::config::raw::{RawDefault, RawDownstream};
use crate::config::units::{MIB, show_size};
use crate::config::wire::is_json;

/// All of them are held in memory.
const MAX_BODY: u64 = MIB;

pub(super) fn check(raw: &RawDownstream, cx: &mut Context<'_>) -> Vec<Fallback> {
    let calls: Vec<_> = raw
        .defaults
        .iter()
        .filter_map(|raw| raw.call.written())
        .cloned()
        .collect();
    cx.check_distinct_items(&calls, Clone::clone);
    raw.defaults.iter().filter_map(|raw| one(raw, cx)).collect()
}

/// `None` for one that is wrong, which is reported.
fn one(raw: &RawDefault, cx: &mut Context<'_>) -> Option<Fallback> {
    let status = raw.status.or(StatusCode::OK);
    let content_type = raw
        .content_type
        .or(HeaderValue::from_static("application/json"));
    let body = body(raw, cx)?;
    // An answer without content has no type either.
    let empty = body.value.is_empty() && status == StatusCode::NO_CONTENT;
    if is_json(&content_type)
        && !empty
        && let Err(error) = serde_json::from_slice::<IgnoredAny>(&body.value)
    {
        let what = format!("the body is not JSON ({error})");
        cx.report(
            &body,
            what,
            "correct it, or say what it is with content-type",
        );
    }
    Some(Fallback {
        pattern: raw.call.value()?,
        status,
        content_type,
        body: body.value,
    })
}

/// The body, with the place of the key that says what it is.
fn body(raw: &RawDefault, cx: &mut Context<'_>) -> Option<Located<Bytes>> {
    let (value, place) = match (&raw.body, &raw.body_file) {
        (Field::Written(at), Field::Absent) => {
            let length = at.value.len() as u64;
            if length > MAX_BODY {
                let what = format!("the body has more than {}", show_size(MAX_BODY));
                cx.report(at, what, "make it smaller");
            }
            (at.value.clone().into_bytes(), &at.place)
        }
        (Field::Absent, Field::Written(at)) => (cx.read_file(at, MAX_BODY)?, &at.place),
        (Field::Absent, Field::Absent) => {
            let way_out = "write the body itself (body = \"[]\"), or name its file with body-file";
            cx.report_missing(&raw.place, "body", way_out);
            return None;
        }
        (Field::Written(_), Field::Written(at)) => {
            cx.report(
                at,
                "body says what the answer is already",
                "keep one of the two",
            );
            return None;
        }
        (Field::Bad, _) | (_, Field::Bad) => return None,
    };
    Some(Located {
        value: value.into(),
        place: place.clone(),
    })
}

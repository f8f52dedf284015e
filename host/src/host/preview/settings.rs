//! The settings under which a preview runs.

use http::Method;

use crate::config::{self, CallPattern, Config, Segment};

/// The settings of a BFF for its previews: fewer requests at once, and calls that change nothing.
pub(in crate::host) fn shown(
    config: &Config,
    preview: &config::Preview,
    bff: &config::Bff,
) -> config::Bff {
    let mut shown = bff.clone();
    shown.limits.concurrency = shown.limits.concurrency.min(preview.concurrency);
    if !preview.writes {
        for service in &bff.downstreams {
            let reads = config.downstreams.get(service).map(|it| &*it.reads);
            let allowed = bff.allow.get(service).map(Vec::as_slice);
            let allowed = reading(allowed, reads.unwrap_or_default());
            shown.allow.insert(service.clone(), allowed);
        }
    }
    shown
}

/// Of the calls that a BFF may make to a service, those that only read: GET, HEAD, and what the
/// operator says reads. `allowed` is `None` where it may make all.
fn reading(allowed: Option<&[CallPattern]>, reads: &[CallPattern]) -> Vec<CallPattern> {
    let every = [CallPattern {
        method: None,
        segments: vec![Segment::Rest],
    }];
    let mut reading = Vec::new();
    for allowed in allowed.unwrap_or(&every) {
        match &allowed.method {
            Some(Method::GET | Method::HEAD) => reading.push(allowed.clone()),
            Some(_) => {}
            None => reading.push(CallPattern {
                method: Some(Method::GET),
                ..allowed.clone()
            }),
        }
        for read in reads {
            if allowed.covers(read) {
                reading.push(read.clone());
            } else if read.covers(allowed) {
                reading.push(allowed.clone());
            }
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(method: Option<Method>, path: &[&str]) -> CallPattern {
        let segment = |text: &&str| match *text {
            "*" => Segment::One,
            "**" => Segment::Rest,
            text => Segment::Text(text.to_owned()),
        };
        CallPattern {
            method,
            segments: path.iter().map(segment).collect(),
        }
    }

    #[test]
    fn what_changes_something_is_not_among_the_calls_of_a_preview() {
        let shown = |allowed: Option<&[CallPattern]>, reads: &[CallPattern]| {
            let reading = reading(allowed, reads);
            let texts = reading.iter().map(CallPattern::to_string);
            texts.collect::<Vec<_>>().join(", ")
        };
        let search = pattern(Some(Method::POST), &["search"]);
        let users = pattern(Some(Method::POST), &["users", "**"]);
        let find = pattern(Some(Method::POST), &["users", "find"]);
        assert_eq!(shown(None, &[]), "GET /**");
        assert_eq!(
            shown(None, std::slice::from_ref(&search)),
            "GET /**, POST /search"
        );
        let allowed = [
            pattern(Some(Method::GET), &["days", "*"]),
            users.clone(),
            pattern(None, &["goals"]),
            pattern(Some(Method::DELETE), &["days", "*"]),
        ];
        assert_eq!(shown(Some(&allowed), &[]), "GET /days/*, GET /goals");
        let expected = "GET /days/*, POST /users/find, GET /goals";
        assert_eq!(shown(Some(&allowed), &[find.clone(), search]), expected);
        assert_eq!(shown(Some(&[find]), &[users]), "POST /users/find");
        assert_eq!(shown(Some(&[]), &[]), "");
    }
}
